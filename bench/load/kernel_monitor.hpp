#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/load/loop.hpp"
#include "bench/load/table.hpp"

struct nlmsghdr;

namespace podbgp::bench {

// Follows the main IPv4 routing table of the target's network namespace by its notifications, and knows over which
// gateway the kernel forwards each prefix of the table: named in the route, or by the nexthop object or group that the
// route refers to. Replacing one object thus moves all routes that use it at the moment the kernel announces the
// object.
class KernelMonitor {
 public:
  // `netns`: a file such as /run/netns/NAME.
  KernelMonitor(Loop& loop, const Table& table, const std::string& netns);
  ~KernelMonitor();
  KernelMonitor(const KernelMonitor&) = delete;
  KernelMonitor& operator=(const KernelMonitor&) = delete;

  // Goal: every prefix over `gateway` (host byte order), or with 0: no prefix in the kernel.
  void aim(std::uint32_t gateway);

  std::uint32_t present() const;
  std::uint32_t right() const;
  std::int64_t first_ns() const { return first_ns_; }  // first prefix that met the goal
  std::int64_t half_ns() const { return half_ns_; }
  std::int64_t complete_ns() const { return complete_ns_; }  // since when the goal is met without a break; 0: not met
  std::uint64_t route_messages() const { return route_messages_; }
  std::uint64_t object_messages() const { return object_messages_; }
  std::uint32_t overruns() const { return overruns_; }
  std::size_t objects() const { return objects_.size(); }

  // Reads tables afresh from the kernel; false: what the notifications had told was something else.
  bool verify();

 private:
  static constexpr std::uint32_t kNone = 0;
  static constexpr std::uint32_t kMixed = 0xffffffff;  // several gateways, or none of IPv4

  struct Via {
    std::uint32_t object = 0;   // nexthop object or group, 0: named in the route
    std::uint32_t gateway = 0;  // only without an object
    bool operator==(const Via&) const = default;
    bool absent() const { return object == 0 && gateway == kNone; }
  };
  struct Object {
    std::uint32_t gateway = kNone;
    std::vector<std::uint32_t> members;  // of a group
    std::uint32_t users = 0;             // prefixes of the table
  };

  static int open_socket(const std::string& netns, std::uint32_t groups_wanted);
  void read_notifications();
  void parse(const std::uint8_t* data, std::size_t size);
  void on_route(const nlmsghdr& header);
  void on_object(const nlmsghdr& header);
  void remove_users(std::uint32_t object);
  void set(std::uint32_t id, const Via& via);
  std::uint32_t effective(std::uint32_t object, int depth = 0) const;
  void judge();
  void dump(int type, std::uint8_t family);
  void dump_all();

  Loop& loop_;
  const Table& table_;
  int notifications_;
  int requests_;
  std::vector<Via> via_;  // by prefix
  std::unordered_map<std::uint32_t, Object> objects_;
  std::uint32_t present_ = 0;
  std::uint32_t right_direct_ = 0;  // over the goal's gateway, named in the route
  std::uint32_t goal_ = 0;
  std::int64_t first_ns_ = 0;
  std::int64_t half_ns_ = 0;
  std::int64_t complete_ns_ = 0;
  std::uint64_t route_messages_ = 0;
  std::uint64_t object_messages_ = 0;
  std::uint32_t overruns_ = 0;
};

}  // namespace podbgp::bench
