#include "bench/load/kernel_monitor.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/clock.hpp"

namespace podbgp::bench {
namespace {

constexpr int kReceiveBuffer = 256 << 20;  // notifications of a whole table, unread, must not overrun

std::runtime_error failure(const std::string& what) { return std::runtime_error(what + ": " + std::strerror(errno)); }

std::uint32_t word(const rtattr* attribute) {
  std::uint32_t value = 0;
  std::memcpy(&value, RTA_DATA(attribute), std::min<std::size_t>(sizeof value, RTA_PAYLOAD(attribute)));
  return value;
}

template <typename Each>
void for_each_attribute(const void* first, int size, Each&& each) {
  auto* attribute = static_cast<const rtattr*>(first);
  for (; RTA_OK(attribute, size); attribute = RTA_NEXT(attribute, size)) each(attribute);
}

// The gateway that all members of RTA_MULTIPATH share, or `mixed`.
std::uint32_t multipath_gateway(const rtattr* list, std::uint32_t mixed) {
  std::uint32_t result = 0;
  int size = static_cast<int>(RTA_PAYLOAD(list));
  for (auto* hop = static_cast<const rtnexthop*>(RTA_DATA(list)); size > 0 && RTNH_OK(hop, size);) {
    std::uint32_t gateway = mixed;
    for_each_attribute(RTNH_DATA(hop), hop->rtnh_len - static_cast<int>(sizeof *hop), [&](const rtattr* a) {
      if (a->rta_type == RTA_GATEWAY) gateway = ntohl(word(a));
    });
    result = result == 0 || result == gateway ? gateway : mixed;
    size -= static_cast<int>(RTNH_ALIGN(hop->rtnh_len));
    hop = RTNH_NEXT(hop);
  }
  return result;
}

}  // namespace

KernelMonitor::KernelMonitor(Loop& loop, const Table& table, const std::string& netns)
    : loop_(loop), table_(table), notifications_(open_socket(netns, 1)), requests_(open_socket(netns, 0)) {
  via_.resize(table.size());
  dump_all();
  loop_.add(notifications_, EPOLLIN, [this](std::uint32_t) { read_notifications(); });
}

KernelMonitor::~KernelMonitor() {
  loop_.remove(notifications_);
  close(notifications_);
  close(requests_);
}

int KernelMonitor::open_socket(const std::string& netns, std::uint32_t groups_wanted) {
  const int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  const int other = open(netns.c_str(), O_RDONLY | O_CLOEXEC);
  if (own < 0 || other < 0 || setns(other, CLONE_NEWNET) != 0) throw failure("cannot enter namespace " + netns);
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (groups_wanted != 0 ? SOCK_NONBLOCK : 0), NETLINK_ROUTE);
  const bool back = setns(own, CLONE_NEWNET) == 0;
  close(own);
  close(other);
  if (fd < 0 || !back) throw failure("cannot open a netlink socket in " + netns);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw failure("netlink bind");
  if (groups_wanted != 0) {
    for (const int group : {RTNLGRP_IPV4_ROUTE, RTNLGRP_NEXTHOP}) {
      if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
        throw failure("netlink group " + std::to_string(group));
    }
  }
  return fd;
}

void KernelMonitor::aim(std::uint32_t gateway) {
  goal_ = gateway;
  right_direct_ = 0;
  for (const Via& via : via_) right_direct_ += !via.absent() && via.object == 0 && via.gateway == goal_;
  first_ns_ = half_ns_ = complete_ns_ = 0;
  route_messages_ = object_messages_ = 0;
  judge();
}

std::uint32_t KernelMonitor::present() const { return present_; }

std::uint32_t KernelMonitor::right() const {
  if (goal_ == kNone) return table_.size() - present_;
  std::uint32_t sum = right_direct_;
  for (const auto& [id, object] : objects_) {
    if (object.users != 0 && effective(id) == goal_) sum += object.users;
  }
  return sum;
}

std::uint32_t KernelMonitor::effective(std::uint32_t object, int depth) const {
  const auto found = objects_.find(object);
  if (found == objects_.end() || depth > 2) return kMixed;
  if (found->second.members.empty()) return found->second.gateway;
  std::uint32_t result = kNone;
  for (const std::uint32_t member : found->second.members) {
    const std::uint32_t gateway = effective(member, depth + 1);
    result = result == kNone || result == gateway ? gateway : kMixed;
  }
  return result;
}

void KernelMonitor::judge() {
  const std::uint32_t count = right();
  const std::int64_t now = now_ns();
  if (count != 0 && first_ns_ == 0) first_ns_ = now;
  if (count * 2 >= table_.size() && half_ns_ == 0) half_ns_ = now;
  if (count != table_.size()) {
    complete_ns_ = 0;
  } else if (complete_ns_ == 0) {
    complete_ns_ = now;
  }
}

void KernelMonitor::set(std::uint32_t id, const Via& via) {
  Via& now = via_[id];
  if (now == via) return;
  present_ += !via.absent() - !now.absent();
  if (now.object != 0) {
    objects_[now.object].users--;
  } else if (!now.absent()) {
    right_direct_ -= now.gateway == goal_;
  }
  if (via.object != 0) {
    objects_[via.object].users++;
  } else if (!via.absent()) {
    right_direct_ += via.gateway == goal_;
  }
  now = via;
}

void KernelMonitor::on_route(const nlmsghdr& header) {
  auto* route = static_cast<const rtmsg*>(NLMSG_DATA(&header));
  if (route->rtm_family != AF_INET || (route->rtm_flags & RTM_F_CLONED) != 0) return;
  std::uint32_t table = route->rtm_table;
  Nlri prefix{0, route->rtm_dst_len};
  Via via;
  for_each_attribute(RTM_RTA(route), static_cast<int>(RTM_PAYLOAD(&header)), [&](const rtattr* attribute) {
    switch (attribute->rta_type) {
      case RTA_TABLE: table = word(attribute); break;
      case RTA_DST: prefix.address = ntohl(word(attribute)); break;
      case RTA_GATEWAY: via.gateway = ntohl(word(attribute)); break;
      case RTA_MULTIPATH: via.gateway = multipath_gateway(attribute, kMixed); break;
      case RTA_NH_ID: via.object = word(attribute); break;
      default: break;
    }
  });
  if (table != RT_TABLE_MAIN) return;
  const std::uint32_t id = table_.find(prefix);
  if (id == Table::kUnknown) return;
  ++route_messages_;
  // With an object, the gateway beside it is only the kernel's copy for old readers.
  if (via.object != 0) via.gateway = kNone;
  if (via.absent()) via.gateway = kMixed;  // a device, a blackhole: present, but over no gateway
  if (header.nlmsg_type == RTM_NEWROUTE) {
    set(id, via);
  } else if (via_[id] == via) {
    set(id, {});  // the deletion of an older route for the same prefix is not one of this
  }
}

void KernelMonitor::remove_users(std::uint32_t object) {
  for (std::uint32_t id = 0; id < via_.size(); ++id) {
    if (via_[id].object == object) set(id, {});
  }
}

void KernelMonitor::on_object(const nlmsghdr& header) {
  ++object_messages_;
  auto* message = static_cast<const nhmsg*>(NLMSG_DATA(&header));
  std::uint32_t id = 0;
  std::uint32_t gateway = kMixed;
  std::vector<std::uint32_t> members;
  const auto* first = reinterpret_cast<const std::uint8_t*>(message) + NLMSG_ALIGN(sizeof *message);
  for_each_attribute(first, static_cast<int>(NLMSG_PAYLOAD(&header, sizeof *message)), [&](const rtattr* attribute) {
    switch (attribute->rta_type & NLA_TYPE_MASK) {
      case NHA_ID: id = word(attribute); break;
      case NHA_GATEWAY:
        if (message->nh_family == AF_INET) gateway = ntohl(word(attribute));
        break;
      case NHA_GROUP: {
        const auto* group = static_cast<const nexthop_grp*>(RTA_DATA(attribute));
        const std::size_t count = RTA_PAYLOAD(attribute) / sizeof *group;
        for (std::size_t i = 0; i < count; ++i) members.push_back(group[i].id);
        break;
      }
      default: break;
    }
  });
  if (header.nlmsg_type == RTM_DELNEXTHOP) {
    // The kernel takes the routes of a deleted object along, in IPv4 without a word.
    if (const auto found = objects_.find(id); found != objects_.end() && found->second.users != 0) remove_users(id);
    objects_.erase(id);
    return;
  }
  Object& object = objects_[id];
  object.gateway = gateway;
  object.members = std::move(members);
}

void KernelMonitor::parse(const std::uint8_t* data, std::size_t size) {
  auto* header = reinterpret_cast<const nlmsghdr*>(data);
  for (; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
    switch (header->nlmsg_type) {
      case RTM_NEWROUTE:
      case RTM_DELROUTE: on_route(*header); break;
      case RTM_NEWNEXTHOP:
      case RTM_DELNEXTHOP:
        on_object(*header);
        judge();
        break;
      default: break;
    }
  }
}

void KernelMonitor::read_notifications() {
  constexpr std::size_t kMessages = 128;
  constexpr std::size_t kSize = 8192;
  alignas(NLMSG_ALIGNTO) static std::array<std::array<std::uint8_t, kSize>, kMessages> buffers;
  std::array<mmsghdr, kMessages> messages{};
  std::array<iovec, kMessages> vectors{};
  for (std::size_t i = 0; i < kMessages; ++i) {
    vectors[i] = {.iov_base = buffers[i].data(), .iov_len = kSize};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int count = recvmmsg(notifications_, messages.data(), kMessages, MSG_DONTWAIT, nullptr);
  if (count < 0) {
    if (errno == ENOBUFS) {
      ++overruns_;
      while (recvmmsg(notifications_, messages.data(), kMessages, MSG_DONTWAIT, nullptr) > 0) {
      }  // what is older than the dump must not be applied after it
      dump_all();
      judge();
    }
    return;
  }
  for (int i = 0; i < count; ++i)
    parse(buffers[static_cast<std::size_t>(i)].data(), messages[static_cast<std::size_t>(i)].msg_len);
  judge();
}

void KernelMonitor::dump(int type, std::uint8_t family) {
  struct {
    nlmsghdr header;
    std::array<std::uint8_t, 64> body;
  } request{};
  request.header.nlmsg_len = NLMSG_LENGTH(type == RTM_GETROUTE ? sizeof(rtmsg) : sizeof(nhmsg));
  request.header.nlmsg_type = static_cast<std::uint16_t>(type);
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body[0] = family;
  if (::send(requests_, &request, request.header.nlmsg_len, 0) < 0) throw failure("netlink dump");
  alignas(NLMSG_ALIGNTO) static std::array<std::uint8_t, 256 * 1024> buffer;
  for (;;) {
    const ssize_t got = recv(requests_, buffer.data(), buffer.size(), 0);
    if (got <= 0) throw failure("netlink dump");
    auto size = static_cast<std::size_t>(got);
    for (auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data()); NLMSG_OK(header, size);
         header = NLMSG_NEXT(header, size)) {
      if (header->nlmsg_type == NLMSG_DONE) return;
      if (header->nlmsg_type == NLMSG_ERROR) throw std::runtime_error("the kernel refused a netlink dump");
      if (header->nlmsg_type == RTM_NEWROUTE) on_route(*header);
      if (header->nlmsg_type == RTM_NEWNEXTHOP) on_object(*header);
    }
  }
}

void KernelMonitor::dump_all() {
  for (std::uint32_t id = 0; id < via_.size(); ++id) set(id, {});
  objects_.clear();
  dump(RTM_GETNEXTHOP, AF_UNSPEC);
  dump(RTM_GETROUTE, AF_INET);
}

bool KernelMonitor::verify() {
  // All that is queued first, so that both speak of the same moment.
  loop_.run_for(100'000'000);
  const std::uint32_t told = right();
  const std::uint32_t told_present = present_;
  const auto messages = route_messages_;
  const auto object_messages = object_messages_;
  dump_all();
  route_messages_ = messages;
  object_messages_ = object_messages;
  return told == right() && told_present == present_;
}

}  // namespace podbgp::bench
