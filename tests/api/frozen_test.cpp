// podbgp.v1 is frozen: what is in frozen_api.txt stays as it is. Additions are made by adding their lines there.
#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "podbgp/v1/daemon_service.pb.h"
#include "podbgp/v1/peer_service.pb.h"
#include "podbgp/v1/rib_service.pb.h"
#include "podbgp/v1/route_service.pb.h"

namespace podbgp::api::testing {
namespace {

namespace pb = google::protobuf;

std::string type_of(const pb::FieldDescriptor& field) {
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

void describe(const pb::EnumDescriptor& type, std::set<std::string>& lines) {
  for (int i = 0; i < type.value_count(); ++i)
    lines.insert(type.full_name() + "." + type.value(i)->name() + " = " + std::to_string(type.value(i)->number()));
}

void describe(const pb::Descriptor& type, std::set<std::string>& lines) {
  lines.insert("message " + type.full_name());
  for (int i = 0; i < type.field_count(); ++i) {
    const auto& field = *type.field(i);
    const char* label = field.is_repeated() ? "repeated " : field.has_optional_keyword() ? "optional " : "";
    lines.insert(type.full_name() + "." + field.name() + " = " + std::to_string(field.number()) + " " + label +
                 type_of(field));
  }
  for (int i = 0; i < type.nested_type_count(); ++i) describe(*type.nested_type(i), lines);
  for (int i = 0; i < type.enum_type_count(); ++i) describe(*type.enum_type(i), lines);
}

std::set<std::string> describe_api() {
  std::set<std::string> lines;
  for (const auto* file : {v1::Route::descriptor()->file(), v1::AnnounceRouteRequest::descriptor()->file(),
                           v1::ListPathsRequest::descriptor()->file(), v1::Peer::descriptor()->file(),
                           v1::GetStatusRequest::descriptor()->file()}) {
    for (int i = 0; i < file->message_type_count(); ++i) describe(*file->message_type(i), lines);
    for (int i = 0; i < file->enum_type_count(); ++i) describe(*file->enum_type(i), lines);
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto& method = *file->service(s)->method(m);
        lines.insert("rpc " + method.full_name() + "(" + (method.client_streaming() ? "stream " : "") +
                     method.input_type()->full_name() + ") returns (" + (method.server_streaming() ? "stream " : "") +
                     method.output_type()->full_name() + ")");
      }
    }
  }
  return lines;
}

std::set<std::string> read_frozen() {
  std::ifstream file(PODBGP_FROZEN_API);
  std::set<std::string> lines;
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && !line.starts_with('#')) lines.insert(line);
  return lines;
}

std::vector<std::string> missing(const std::set<std::string>& wanted, const std::set<std::string>& there) {
  std::vector<std::string> out;
  std::ranges::set_difference(wanted, there, std::back_inserter(out));
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

TEST(FrozenApi, NothingHasGoneOrChanged) {
  const auto frozen = read_frozen();
  ASSERT_GT(frozen.size(), 100u) << "cannot read " << PODBGP_FROZEN_API;
  const auto gone = missing(frozen, describe_api());
  EXPECT_TRUE(gone.empty()) << "clients rely on these, they must stay as they were:\n" << joined(gone);
}

TEST(FrozenApi, AdditionsAreWrittenDown) {
  const auto fresh = missing(describe_api(), read_frozen());
  EXPECT_TRUE(fresh.empty()) << "additions are welcome; freeze them by adding to " << PODBGP_FROZEN_API << ":\n"
                             << joined(fresh);
}

TEST(FrozenApi, ARenumberedFieldWouldBeSeen) {
  auto api = describe_api();
  ASSERT_EQ(api.erase("podbgp.v1.Route.prefix = 1 string"), 1u);
  api.insert("podbgp.v1.Route.prefix = 2 string");
  EXPECT_EQ(missing(read_frozen(), api), std::vector<std::string>{"podbgp.v1.Route.prefix = 1 string"});
}

}  // namespace
}  // namespace podbgp::api::testing
