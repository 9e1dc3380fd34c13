// What a refused call tells its caller fits into HTTP/2 trailers, whatever was wrong with it.
#include "api/problem.hpp"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace podbgp::api {
namespace {

// gRPC clients refuse trailers beyond 8 KiB. A newline takes three octets in grpc-message, details travel in base64.
std::size_t trailer_octets(const Problem& problem) {
  std::size_t message = 0;
  for (const char c : problem.message) message += c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
  return message + (problem.details.size() + 2) / 3 * 4 + 2 * 64;
}

google::rpc::Status parsed(const Problem& problem) {
  google::rpc::Status status;
  EXPECT_TRUE(status.ParseFromString(problem.details));
  return status;
}

TEST(Problem, NamesReasonDomainAndEveryViolation) {
  Violations violations;
  violations.add("owner", "is required");
  violations.add("routes[1].prefix", "is bad");
  const auto problem = bad_request(violations);
  EXPECT_EQ(problem.code, 3);
  EXPECT_EQ(problem.message, "owner: is required (and 1 more)");
  const auto status = parsed(problem);
  ASSERT_EQ(status.details_size(), 2);
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  ASSERT_TRUE(status.details(0).UnpackTo(&info));
  ASSERT_TRUE(status.details(1).UnpackTo(&bad));
  EXPECT_EQ(info.reason(), "BAD_REQUEST");
  EXPECT_EQ(info.domain(), "podbgp");
  EXPECT_EQ(info.metadata().at("violations"), "2");
  ASSERT_EQ(bad.field_violations_size(), 2);
  EXPECT_EQ(bad.field_violations(1).field(), "routes[1].prefix");
  EXPECT_EQ(bad.field_violations(1).description(), "is bad");
}

TEST(Problem, TenThousandViolationsFitAndAreCounted) {
  Violations violations;
  for (int i = 0; i < 10'000; ++i) violations.add("routes[" + std::to_string(i) + "].prefix", std::string(500, 'x'));
  const auto problem = bad_request(violations);
  EXPECT_LT(trailer_octets(problem), 8192u);
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  const auto status = parsed(problem);
  ASSERT_TRUE(status.details(0).UnpackTo(&info) && status.details(1).UnpackTo(&bad));
  EXPECT_EQ(info.metadata().at("violations"), "10000");
  EXPECT_GE(bad.field_violations_size(), 5);
}

TEST(Problem, AMessageOfManyLinesFits) {
  std::string message;
  for (int i = 0; i < 500; ++i) message += "podbgp.yaml:12:3: \xc3\xa4\xc3\xb6\xc3\xbc\n";
  const auto problem = to_problem(
      {ApiError::Code::FailedPrecondition, "CONFIG_INVALID", message, "content", {{"file", std::string(9000, 'y')}}});
  EXPECT_EQ(problem.code, 9);
  EXPECT_LT(trailer_octets(problem), 8192u);
  EXPECT_TRUE(problem.message.ends_with("..."));
}

TEST(Problem, ShortensBetweenCharacters) {
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("abcdefg", 6), "abc...");
  EXPECT_EQ(shorten("ab\xc3\xa4\xc3\xa4\xc3\xa4", 6), "ab...");  // the cut falls into a character of two octets
}

TEST(Problem, BusyServersSayWhenToTryAgain) {
  const auto status = parsed(too_busy("later"));
  google::rpc::RetryInfo retry;
  ASSERT_EQ(status.details_size(), 2);
  ASSERT_TRUE(status.details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().nanos(), 200'000'000);
}

}  // namespace
}  // namespace podbgp::api
