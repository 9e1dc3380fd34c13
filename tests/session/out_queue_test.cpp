#include "fixture.hpp"

namespace podbgp::session::test {
namespace {

std::shared_ptr<const wire::Bytes> message(wire::MessageType type, std::size_t size) {
  auto bytes = std::make_shared<wire::Bytes>(size, 0xff);
  (*bytes)[16] = static_cast<std::uint8_t>(size >> 8);
  (*bytes)[17] = static_cast<std::uint8_t>(size & 0xff);
  (*bytes)[18] = static_cast<std::uint8_t>(type);
  return bytes;
}
std::shared_ptr<const wire::Bytes> updates(int count, std::size_t size) {
  auto all = std::make_shared<wire::Bytes>();
  for (int i = 0; i < count; ++i) {
    const auto one = message(wire::MessageType::Update, size);
    all->insert(all->end(), one->begin(), one->end());
  }
  return all;
}
// The types of what would go out, in order; the rest of a message that is half out is "…".
std::string order(const OutQueue& queue, std::size_t rest = 0) {
  wire::Bytes all;
  for (const auto& s : queue.pending()) {
    all.insert(all.end(), s.buffer->begin() + static_cast<std::ptrdiff_t>(s.offset),
               s.buffer->begin() + static_cast<std::ptrdiff_t>(s.offset + s.size));
  }
  std::string text = rest > 0 ? "…" : "";
  for (std::size_t at = rest; at < all.size(); at += (std::size_t{all[at + 16]} << 8) | all[at + 17]) {
    text += "?OUNKR"[all[at + 18]];
  }
  return text;
}

TEST(OutQueue, ControlGoesBeforeBulk) {
  OutQueue queue;
  const auto bulk = updates(3, 50);
  queue.refill().push_back({bulk, 0, bulk->size()});
  queue.push_control(message(wire::MessageType::Keepalive, 19));
  queue.push_control(message(wire::MessageType::Notification, 21));
  EXPECT_EQ(order(queue), "KNUUU") << "and keeps its own order";
}

TEST(OutQueue, ControlGoesInAtTheNextBoundary) {
  for (std::size_t out = 0; out <= 150; ++out) {
    OutQueue queue;
    MessageCounters sent;
    const auto bulk = updates(3, 50);
    queue.refill().push_back({bulk, 0, bulk->size()});
    queue.consume(out, sent);
    queue.push_control(message(wire::MessageType::Keepalive, 19));
    queue.push_control(message(wire::MessageType::RouteRefresh, 23));
    const std::size_t rest = (50 - out % 50) % 50;
    const std::size_t whole = (150 - out - rest) / 50;
    EXPECT_EQ(order(queue, rest), std::string(rest > 0 ? "…" : "") + "KR" + std::string(whole, 'U')) << out;
    EXPECT_EQ(sent.update, (out + 49) / 50);
    queue.consume(queue.octets(), sent);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(sent.update, 3u);
    EXPECT_EQ(sent.keepalive, 1u);
    EXPECT_EQ(sent.octets, 150u + 19 + 23);
  }
}

TEST(OutQueue, ControlBehindAHalfSentControl) {
  OutQueue queue;
  MessageCounters sent;
  queue.push_control(message(wire::MessageType::Open, 40));
  queue.consume(10, sent);
  queue.push_control(message(wire::MessageType::Keepalive, 19));
  EXPECT_EQ(order(queue, 30), "…K");
}

TEST(OutQueue, SlicesMayStartAnywhereInTheirBuffer) {
  OutQueue queue;
  MessageCounters sent;
  const auto bulk = updates(4, 30);
  auto& out = queue.refill();
  out.push_back({bulk, 30, 60});
  out.push_back({bulk, 90, 30});
  EXPECT_EQ(queue.octets(), 90u);
  queue.consume(70, sent);
  EXPECT_EQ(sent.update, 3u);
  queue.push_control(message(wire::MessageType::Keepalive, 19));
  EXPECT_EQ(order(queue, 20), "…K");
}

TEST(OutQueue, WhatHasLeftIsReleased) {
  OutQueue queue;
  MessageCounters sent;
  auto bulk = updates(1, 30);
  queue.refill().push_back({bulk, 0, 30});
  queue.consume(30, sent);
  EXPECT_EQ(bulk.use_count(), 1);
}

}  // namespace
}  // namespace podbgp::session::test
