// How each answer looks, as a table or as JSON.
#pragma once

#include <chrono>
#include <ostream>
#include <string>

#include <google/protobuf/message.h>

#include "cli/options.hpp"
#include "podbgp/v1/daemon_service.pb.h"
#include "podbgp/v1/peer_service.pb.h"
#include "podbgp/v1/rib_service.pb.h"
#include "podbgp/v1/route_service.pb.h"

namespace podbgp::cli {

namespace v1 = podbgp::v1;

struct Style {
  Output output = Output::Table;
  bool headers = true;
  bool colour = false;
  std::chrono::system_clock::time_point now;
  [[nodiscard]] bool wide() const { return output == Output::Wide; }
};

// The protobuf JSON of the API's message: names as in the .proto files, all plain fields present, 64-bit numbers as
// strings.
void show_json(std::ostream& out, const google::protobuf::Message& message, bool one_line = false);

// "42s", "12m03s", "5h07m", "3d04h"; "-" where there is no time.
[[nodiscard]] std::string age(const google::protobuf::Timestamp& since, bool has,
                              std::chrono::system_clock::time_point now);

void show(std::ostream& out, const Style& style, const v1::GetStatusResponse& status,
          const v1::GetRibSummaryResponse* rib);
void show(std::ostream& out, const Style& style, const v1::ListPeersResponse& peers);
void show(std::ostream& out, const Style& style, const v1::Peer& peer);
void show(std::ostream& out, const Style& style, const v1::ListPathsResponse& paths, View view);
void show(std::ostream& out, const Style& style, const v1::ListRoutesResponse& routes);
void show(std::ostream& out, const Style& style, const v1::ListOwnersResponse& owners);
void show_change(std::ostream& out, const Style& style, const v1::WatchPeersResponse& change);
void show_change(std::ostream& out, const Style& style, const v1::WatchRoutesResponse& change);
void show_diagnostics(std::ostream& out, const google::protobuf::RepeatedPtrField<v1::Diagnostic>& diagnostics);
void show_changes(std::ostream& out, const google::protobuf::RepeatedPtrField<v1::ConfigChange>& changes);
void show_pending(std::ostream& out, const google::protobuf::RepeatedPtrField<v1::ConfigChange>& pending);  // restart
[[nodiscard]] std::string to_word(v1::ChangeResult result);

}  // namespace podbgp::cli
