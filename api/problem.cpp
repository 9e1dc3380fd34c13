#include "api/problem.hpp"

#include <fmt/format.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "net/utf8.hpp"

namespace podbgp::api {

namespace {

// gRPC's numbers (google.rpc.Code); written out so that this file needs no gRPC header.
enum Canonical : int {
  kInvalidArgument = 3,
  kNotFound = 5,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kInternal = 13,
  kUnavailable = 14,
};

// The message travels twice (grpc-message, where a newline takes three octets, and inside the details, in base64).
constexpr std::size_t kMessageOctets = 1024;
constexpr std::size_t kDescriptionOctets = 256;
constexpr std::size_t kMetadataOctets = 128;
constexpr std::size_t kDetailOctets = 3400;

int canonical(ApiError::Code code) {
  switch (code) {
    case ApiError::Code::InvalidArgument: return kInvalidArgument;
    case ApiError::Code::NotFound: return kNotFound;
    case ApiError::Code::FailedPrecondition: return kFailedPrecondition;
    case ApiError::Code::ResourceExhausted: return kResourceExhausted;
    case ApiError::Code::Unavailable: return kUnavailable;
    case ApiError::Code::Internal: break;
  }
  return kInternal;
}

class Builder {
 public:
  Builder(int code, std::string reason, std::string_view message) {
    problem_.code = code;
    problem_.reason = std::move(reason);
    problem_.message = shorten(net::utf8_repaired(message), kMessageOctets);
    status_.set_code(code);
    status_.set_message(problem_.message);
    info_.set_reason(problem_.reason);
    info_.set_domain("podbgp");
  }

  void metadata(const std::string& key, std::string_view value) {
    if (info_.metadata_size() < 8) (*info_.mutable_metadata())[shorten(key, 32)] = shorten(net::utf8_repaired(value), kMetadataOctets);
  }
  // False: there is no room for it.
  bool violation(std::string_view field, std::string_view description) {
    auto* added = bad_request_.add_field_violations();
    added->set_field(shorten(field, kMetadataOctets));
    added->set_description(shorten(net::utf8_repaired(description), kDescriptionOctets));
    if (status_.ByteSizeLong() + info_.ByteSizeLong() + bad_request_.ByteSizeLong() <= kDetailOctets) return true;
    bad_request_.mutable_field_violations()->RemoveLast();
    return false;
  }
  void retry_after(int milliseconds) {
    retry_.mutable_retry_delay()->set_nanos(milliseconds * 1'000'000);
    has_retry_ = true;
  }
  Problem build() && {
    status_.add_details()->PackFrom(info_);
    if (bad_request_.field_violations_size() > 0) status_.add_details()->PackFrom(bad_request_);
    if (has_retry_) status_.add_details()->PackFrom(retry_);
    problem_.details = status_.SerializeAsString();
    return std::move(problem_);
  }

 private:
  Problem problem_;
  google::rpc::Status status_;
  google::rpc::ErrorInfo info_;
  google::rpc::BadRequest bad_request_;
  google::rpc::RetryInfo retry_;
  bool has_retry_ = false;
};

}  // namespace

std::string shorten(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit > 3 ? limit - 3 : 0;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

Problem bad_request(const Violations& violations) {
  const auto& first = violations.list().front();
  std::string message = fmt::format("{}: {}", first.field, shorten(first.description, kDescriptionOctets));
  if (violations.total() > 1) message += fmt::format(" (and {} more)", violations.total() - 1);
  Builder builder(kInvalidArgument, "BAD_REQUEST", message);
  builder.metadata("violations", std::to_string(violations.total()));
  for (const auto& v : violations.list())
    if (!builder.violation(v.field, v.description)) break;
  return std::move(builder).build();
}

Problem to_problem(const ApiError& error) {
  Builder builder(canonical(error.code), error.reason, error.message);
  for (const auto& [key, value] : error.metadata) builder.metadata(key, value);
  if (!error.field.empty()) (void)builder.violation(error.field, error.message);
  if (error.code == ApiError::Code::ResourceExhausted) builder.retry_after(200);
  return std::move(builder).build();
}

Problem too_busy(std::string message) {
  Builder builder(kResourceExhausted, "TOO_MANY_CALLS", message);
  builder.retry_after(200);
  return std::move(builder).build();
}

Problem stopping() {
  return std::move(Builder(kUnavailable, "STOPPING", "podbgpd is stopping; try again when it is back")).build();
}

}  // namespace podbgp::api
