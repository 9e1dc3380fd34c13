// A recording owner, a scripted speaker at the other end, and UPDATEs to send.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fake_transport.hpp"
#include "fsm/negotiate.hpp"
#include "session/session.hpp"

namespace podbgp::session::test {

using namespace std::chrono_literals;

inline net::IpAddress ip(std::string_view text) { return net::IpAddress::parse(text).value(); }

// Writes down what it is told, and gives out what was put into `output`.
class RecordingOwner : public SessionOwner {
 public:
  void on_state(net::PeerId, fsm::State from, fsm::State to) override {
    note(fmt::format("{}->{}", to_string(from), to_string(to)));
  }
  void on_up(net::PeerId, const fsm::Negotiated&, const net::IpAddress& local) override {
    note(fmt::format("up at {}", local));
    up = true;
  }
  void on_down(net::PeerId, const fsm::DownReason& reason) override {
    note("down " + reason.token);
    down_text = reason.text;
    up = false;
  }
  void on_attempt_failed(net::PeerId, const fsm::DownReason& reason) override { note("failed " + reason.token); }
  net::Result<void, wire::Notification> on_update(net::PeerId, const wire::UpdateView& update) override {
    ++updates;
    update.nlri.for_each([&](const wire::Nlri& n) { prefixes.push_back(net::to_string(n.prefix)); });
    if (update.end_of_rib) prefixes.emplace_back("end-of-rib");
    if (refuse_updates) return net::fail(*refuse_updates);
    return {};
  }
  void on_family_disabled(net::PeerId, net::Family f, const std::string&, wire::ByteSpan) override {
    note(fmt::format("family {} disabled", net::to_string(f)));
  }
  void on_route_refresh(net::PeerId, const wire::RouteRefresh& r) override {
    note(fmt::format("refresh {}/{}", r.family.afi, r.family.safi));
  }
  void next_output(net::PeerId, std::size_t budget, std::vector<OutSlice>& out) override {
    ++asked;
    for (std::size_t sum = 0; sum < budget && !output.empty();) {
      sum += output.front().size;
      out.push_back(std::move(output.front()));
      output.pop_front();
    }
  }
  void on_batch_end() override { ++batches; }

  void note(std::string line) { log.push_back(std::move(line)); }
  [[nodiscard]] std::string text() const { return fmt::format("{}", fmt::join(log, ", ")); }

  std::vector<std::string> log;
  std::vector<std::string> prefixes;
  std::deque<OutSlice> output;
  std::optional<wire::Notification> refuse_updates;
  std::string down_text;
  int updates = 0, batches = 0, asked = 0;
  bool up = false;
};

// The other end of a connection: what the peer says is what the test says.
class Speaker {
 public:
  explicit Speaker(std::unique_ptr<Connection> c) : connection(std::move(c)) {
    connection->start({.on_readable =
                           [this] {
                             if (reading) read();
                           },
                       .on_writable = {}});
  }
  void read() {
    std::array<std::uint8_t, 65536> buffer;
    for (;;) {
      const auto r = connection->read(buffer);
      received.insert(received.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(r.size));
      if (r.error) ended = r.error;
      if (r.size == 0) break;
    }
    while (const auto frame = wire::next_frame(received, wire::kMaxMessageSize).value_or(std::nullopt)) {
      messages.push_back(describe(*frame));
      if (frame->type == wire::MessageType::Open) open = wire::decode_open(frame->body).value();
      if (frame->type == wire::MessageType::Notification) notification = wire::decode_notification(frame->body).value();
      received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(frame->size));
    }
  }
  static std::string describe(const wire::Frame& f) {
    switch (f.type) {
      case wire::MessageType::Open: return "OPEN";
      case wire::MessageType::Update: return "UPDATE";
      case wire::MessageType::Keepalive: return "KEEPALIVE";
      case wire::MessageType::RouteRefresh: return "ROUTE-REFRESH";
      case wire::MessageType::Notification: {
        const auto n = wire::decode_notification(f.body).value();
        return fmt::format("NOTIFICATION {}/{}", n.code, n.subcode);
      }
    }
    return "?";
  }
  void send(const wire::Bytes& bytes) {
    auto buffer = std::make_shared<wire::Bytes>(bytes);
    const OutSlice slice{buffer, 0, buffer->size()};
    ASSERT_EQ(connection->write({&slice, 1}).size, bytes.size());
  }
  void send_open(const fsm::PeerSettings& ours) {
    wire::Bytes b;
    wire::encode_open(fsm::make_open(ours), b);
    send(b);
  }
  void send_keepalive() {
    wire::Bytes b;
    wire::encode_keepalive(b);
    send(b);
  }
  [[nodiscard]] std::string text() const { return fmt::format("{}", fmt::join(messages, ", ")); }
  [[nodiscard]] int count(std::string_view what) const { return static_cast<int>(std::ranges::count(messages, what)); }

  std::unique_ptr<Connection> connection;
  wire::Bytes received;
  std::vector<std::string> messages;
  std::optional<wire::Open> open;
  std::optional<wire::Notification> notification;
  std::optional<std::string> ended;
  bool reading = true;
};

inline wire::Bytes update(int first, int count) {  // one UPDATE each: 10.x.y.0/24
  wire::Bytes bytes, attributes;
  wire::AttributeSet set;
  set.as_path.prepend(net::Asn{65001});
  set.next_hop = ip("10.0.0.2");
  wire::encode_attributes(set, {}, attributes);
  wire::UpdateEncoder encoder({}, bytes);
  for (int i = first; i < first + count; ++i) {
    (void)encoder.begin_announce(attributes, {});
    encoder.add(net::Prefix::make(net::IpAddress::v4(0x0a000000u + static_cast<std::uint32_t>(i) * 256), 24));
    encoder.finish();
  }
  return bytes;
}

inline fsm::PeerSettings settings() {
  fsm::PeerSettings s;
  s.local_asn = net::Asn{65101};
  s.peer_asn = net::Asn{65001};
  s.local_id = net::RouterId{0x0a000001};
  s.hold_time = fsm::Seconds{9};
  s.keepalive = fsm::Seconds{3};
  return s;
}
inline fsm::PeerSettings mirrored(fsm::PeerSettings s) {
  std::swap(s.local_asn, s.peer_asn);
  s.local_id = net::RouterId{0x0a000002};
  return s;
}

// One session of ours at 10.0.0.1 and a peer at 10.0.0.2 of which the test makes what it likes.
class SessionTest : public ::testing::Test {
 protected:
  void make(fsm::PeerSettings s = settings()) {
    Endpoint endpoint;
    endpoint.address = there.address();
    session = std::make_unique<Session>(hub, Session::Setup{net::PeerId{7}, std::move(s), endpoint, 1});
    here.listen(179, [this](std::unique_ptr<Connection> c) { session->accept(std::move(c)); });
    there.listen(179, [this](std::unique_ptr<Connection> c) { speaker = std::make_unique<Speaker>(std::move(c)); });
  }
  void establish() {
    make();
    session->start();
    run();
    ASSERT_NE(speaker, nullptr);
    speaker->send_open(mirrored(settings()));
    speaker->send_keepalive();
    run();
    ASSERT_EQ(session->state(), fsm::State::Established) << owner.text();
  }
  void run(net::Duration d = 10ms) { world.run_for(d); }
  // Keeps the peer alive for `d`.
  void run_alive(net::Duration d) {
    for (net::Duration t{0}; t < d; t += 1s) {
      speaker->send_keepalive();
      run(1s);
    }
  }

  fake::World world;
  fake::Node here{world, {"10.0.0.1"}}, there{world, {"10.0.0.2"}};
  RecordingOwner owner;
  Hub hub{here, owner};
  std::unique_ptr<Session> session;
  std::unique_ptr<Speaker> speaker;
};

}  // namespace podbgp::session::test
