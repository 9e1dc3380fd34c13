#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <netinet/in.h>

#include "bench/load/loop.hpp"
#include "bench/load/messages.hpp"

namespace podbgp::bench {

struct PeerSettings {
  sockaddr_in local{};   // also the router id
  sockaddr_in remote{};  // the target
  std::uint32_t asn = 0;
  std::uint32_t target_asn = 0;
  std::uint16_t hold_s = 90;
};

struct KeepaliveGaps {
  std::uint32_t count = 0;
  std::int64_t longest_ns = 0;
  std::int64_t sum_ns = 0;
};

// One BGP session of the load generator with the target; dials, and dials again while it is not yet established.
class Peer {
 public:
  enum class State { Idle, Connecting, OpenSent, OpenConfirm, Established, Closed };
  using UpdateHandler = std::function<void(ByteView body)>;

  Peer(Loop& loop, const PeerSettings& settings) : loop_(loop), settings_(settings) {}
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void on_update(UpdateHandler handler) { on_update_ = std::move(handler); }
  void dial();
  // Sends the whole of `stream`, which must outlive the sending; to be called once the previous one is gone.
  void send(ByteView stream);
  bool sent() const { return stream_.empty() && control_.empty(); }
  // Ends the connection with a TCP reset.
  void reset();
  void tick();

  State state() const { return state_; }
  bool established() const { return state_ == State::Established; }
  // Why the session ended or could not start, for messages to people.
  const std::string& trouble() const { return trouble_; }
  const KeepaliveGaps& gaps() const { return gaps_; }
  // The gap counting starts afresh.
  void clear_gaps() { gaps_ = {}; }
  const PeerSettings& settings() const { return settings_; }

 private:
  void on_events(std::uint32_t events);
  void read_messages();
  void handle(MessageType type, ByteView body);
  void handle_open(ByteView body);
  void handle_keepalive();
  void queue(const Bytes& message);
  void flush();
  bool write_some(const std::uint8_t* data, std::size_t size, std::size_t& written);
  void fail(const std::string& reason);
  void want_write(bool on);

  Loop& loop_;
  PeerSettings settings_;
  int fd_ = -1;
  State state_ = State::Idle;
  bool writing_ = false;
  Bytes control_;    // OPEN, KEEPALIVE, End-of-RIB: goes out before a stream, never inside one
  ByteView stream_;  // what is left of the UPDATEs to send
  Bytes leftover_;   // an incomplete message
  std::int64_t retry_at_ns_ = 0;
  std::int64_t last_sent_ns_ = 0;
  std::int64_t last_keepalive_ns_ = 0;  // received
  std::uint16_t hold_s_ = 0;            // negotiated
  KeepaliveGaps gaps_;
  UpdateHandler on_update_;
  std::string trouble_;
};

}  // namespace podbgp::bench
