// rtnetlink messages: KernelOps to bytes, bytes to facts. Pure; built with libnl's nlmsg_* and nla_* (libnl 3.7 knows
// no nexthop objects, and its route caches lose routes: neither is used).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "fib/facts.hpp"
#include "fib/kernel_op.hpp"
#include "fib/settings.hpp"

struct nl_msg;
struct nlmsghdr;

namespace podbgp::fib {

using Bytes = std::vector<std::uint8_t>;

class NetlinkEncoder {
 public:
  explicit NetlinkEncoder(const Settings& settings);
  ~NetlinkEncoder();
  NetlinkEncoder(const NetlinkEncoder&) = delete;
  NetlinkEncoder& operator=(const NetlinkEncoder&) = delete;

  // Appends one request. `ack`: ask for an answer also when it succeeds (errors are always answered).
  // A route through a nexthop object takes 52 bytes (IPv4) or 64 (IPv6).
  void append(const KernelOp& op, std::uint32_t sequence, bool ack, Bytes& out);

 private:
  void route(const KernelOp& op);
  void next_hop(const KernelOp& op);
  void neighbour(const KernelOp& op);
  void plain_hops(const KernelOp& op);
  void gateway(const ResolvedHop& hop, net::Family route_family);

  Settings settings_;
  nl_msg* message_;
};

enum class DumpKind : std::uint8_t { Links, Addresses, Neighbours, NextHops, RoutesV4, RoutesV6 };
void append_dump_request(DumpKind kind, std::uint32_t sequence, Bytes& out);

// Who takes decoded facts.
class FactSink {
 public:
  virtual ~FactSink() = default;
  virtual void fact(const LinkFact& fact) = 0;
  virtual void fact(const AddressFact& fact) = 0;
  virtual void fact(const NeighbourFact& fact) = 0;
  virtual void fact(const NextHopFact& fact) = 0;
  virtual void fact(const RouteFact& fact) = 0;
};

// What ends or interrupts a stream of answers.
struct NetlinkReply {
  std::uint32_t sequence = 0;
  bool done = false;         // NLMSG_DONE, or an acknowledgement
  int error = 0;             // errno, positive
  std::string text;          // ext-ack
  bool interrupted = false;  // NLM_F_DUMP_INTR: the table changed while it was dumped
};

class NetlinkDecoder {
 public:
  // Facts of one datagram go to `sink`; answers (errors, acks, end of dump) to `replies`. What is malformed is skipped.
  void decode(std::span<const std::uint8_t> datagram, FactSink& sink, std::vector<NetlinkReply>& replies);

 private:
  bool one(const nlmsghdr& header, FactSink& sink);
  bool link(const nlmsghdr& header, FactSink& sink);
  bool address(const nlmsghdr& header, FactSink& sink);
  bool neighbour(const nlmsghdr& header, FactSink& sink);
  bool next_hop(const nlmsghdr& header, FactSink& sink);
  bool route(const nlmsghdr& header, FactSink& sink);
  RouteFact route_;  // kept for its vector: 200,000 routes in a dump need no allocation each
  NextHopFact next_hop_;
};

// Collects the nexthop ids in use: by routes of any table and anybody's, and by groups.
class UsageSink final : public FactSink {
 public:
  void fact(const LinkFact&) override {}
  void fact(const AddressFact&) override {}
  void fact(const NeighbourFact&) override {}
  void fact(const NextHopFact& fact) override { used.insert(fact.members.begin(), fact.members.end()); }
  void fact(const RouteFact& fact) override {
    if (fact.nexthop_id != 0) used.insert(fact.nexthop_id);
  }

  std::unordered_set<std::uint32_t> used;
};

}  // namespace podbgp::fib
