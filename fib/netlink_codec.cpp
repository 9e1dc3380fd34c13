#include "fib/netlink_codec.hpp"

#include <cstring>

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

namespace podbgp::fib {

namespace {

constexpr std::size_t kLargestRequest = 16384;  // 64 plain IPv6 hops take 3 KB

std::uint8_t address_family(net::Family f) { return f == net::Family::Ipv4Unicast ? AF_INET : AF_INET6; }

std::uint8_t on_link(const net::IpAddress& gateway) {
  return gateway.is_v6() && !gateway.is_link_local() ? RTNH_F_ONLINK : 0;
}

std::optional<net::IpAddress> to_address(const nlattr* attribute) {
  const auto* data = static_cast<const std::uint8_t*>(nla_data(attribute));
  if (nla_len(attribute) == 4) return net::IpAddress::v4(std::span<const std::uint8_t, 4>(data, 4));
  if (nla_len(attribute) == 16) return net::IpAddress::v6(std::span<const std::uint8_t, 16>(data, 16));
  return std::nullopt;
}

std::uint32_t to_u32(const nlattr* attribute) { return nla_len(attribute) >= 4 ? nla_get_u32(attribute) : 0; }

// RTA_VIA: a gateway of the other family.
std::optional<net::IpAddress> to_via(const nlattr* attribute) {
  const auto* data = static_cast<const std::uint8_t*>(nla_data(attribute));
  if (nla_len(attribute) == 2 + 16) return net::IpAddress::v6(std::span<const std::uint8_t, 16>(data + 2, 16));
  if (nla_len(attribute) == 2 + 4) return net::IpAddress::v4(std::span<const std::uint8_t, 4>(data + 2, 4));
  return std::nullopt;
}

template <class Body>
const Body* body_of(const nlmsghdr& header) {
  if (header.nlmsg_len < NLMSG_HDRLEN + sizeof(Body)) return nullptr;
  return static_cast<const Body*>(nlmsg_data(&header));
}

template <class Visit>
void for_each_attribute(const nlmsghdr& header, std::size_t body, Visit visit) {
  const nlattr* attribute = nullptr;
  int rest = 0;
  nla_for_each_attr(attribute, nlmsg_attrdata(&header, static_cast<int>(body)),
                    nlmsg_attrlen(&header, static_cast<int>(body)), rest) visit(attribute);
}

void multipath(const nlattr* attribute, std::vector<FactHop>& hops) {
  const auto* data = static_cast<const std::uint8_t*>(nla_data(attribute));
  auto left = static_cast<std::size_t>(nla_len(attribute));
  while (left >= sizeof(rtnexthop)) {
    rtnexthop hop;
    std::memcpy(&hop, data, sizeof hop);
    if (hop.rtnh_len < sizeof hop || hop.rtnh_len > left) return;
    FactHop fact;
    fact.ifindex = static_cast<std::uint32_t>(hop.rtnh_ifindex);
    const nlattr* inner = nullptr;
    int rest = 0;
    nla_for_each_attr(inner, reinterpret_cast<const nlattr*>(data + sizeof hop),
                      hop.rtnh_len - static_cast<int>(sizeof hop), rest) {
      const auto gateway = nla_type(inner) == RTA_GATEWAY ? to_address(inner)
                           : nla_type(inner) == RTA_VIA   ? to_via(inner)
                                                          : std::nullopt;
      if (gateway) {
        fact.gateway = *gateway;
        fact.has_gateway = true;
      }
    }
    hops.push_back(fact);
    const auto step = std::size_t{RTNH_ALIGN(hop.rtnh_len)};
    if (step >= left) return;
    data += step;
    left -= step;
  }
}

}  // namespace

NetlinkEncoder::NetlinkEncoder(const Settings& settings)
    : settings_(settings), message_(nlmsg_alloc_size(kLargestRequest)) {}
NetlinkEncoder::~NetlinkEncoder() { nlmsg_free(message_); }

void NetlinkEncoder::append(const KernelOp& op, std::uint32_t sequence, bool ack, Bytes& out) {
  auto* header = nlmsg_hdr(message_);
  header->nlmsg_len = NLMSG_HDRLEN;  // one message is used for all: libnl's allocation is the dear part
  header->nlmsg_flags = NLM_F_REQUEST;
  if (ack) header->nlmsg_flags |= NLM_F_ACK;
  header->nlmsg_seq = sequence;
  header->nlmsg_pid = 0;
  switch (op.kind) {
    case OpKind::AddRoute:
    case OpKind::ReplaceRoute:
    case OpKind::DeleteRoute:
    case OpKind::DeleteFormer: route(op); break;
    case OpKind::ProbeNeighbour: neighbour(op); break;
    default: next_hop(op); break;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(header);
  out.insert(out.end(), bytes, bytes + header->nlmsg_len);
  out.resize(NLMSG_ALIGN(out.size()));
}

void NetlinkEncoder::gateway(const ResolvedHop& hop, net::Family route_family) {
  const auto bytes = hop.gateway.bytes();
  if (hop.gateway.family() == route_family) {
    nla_put(message_, RTA_GATEWAY, static_cast<int>(bytes.size()), bytes.data());
    return;
  }
  std::uint8_t via[2 + 16] = {};  // RFC 8950: an IPv4 route over an IPv6 gateway
  const std::uint16_t family = address_family(hop.gateway.family());
  std::memcpy(via, &family, 2);
  std::memcpy(via + 2, bytes.data(), bytes.size());
  nla_put(message_, RTA_VIA, static_cast<int>(2 + bytes.size()), via);
}

void NetlinkEncoder::plain_hops(const KernelOp& op) {
  if (op.hops.size() == 1) {
    if (op.on_link) static_cast<rtmsg*>(nlmsg_data(nlmsg_hdr(message_)))->rtm_flags = on_link(op.hops[0].gateway);
    gateway(op.hops[0], op.prefix.family());
    nla_put_u32(message_, RTA_OIF, op.hops[0].ifindex);
    return;
  }
  auto* nest = nla_nest_start(message_, RTA_MULTIPATH);
  for (const auto& hop : op.hops) {
    auto* next = static_cast<rtnexthop*>(nlmsg_reserve(message_, sizeof(rtnexthop), NLMSG_ALIGNTO));
    if (next == nullptr) break;
    *next = {};
    next->rtnh_ifindex = static_cast<int>(hop.ifindex);
    if (op.on_link) next->rtnh_flags = on_link(hop.gateway);
    gateway(hop, op.prefix.family());
    next->rtnh_len = static_cast<unsigned short>(static_cast<std::uint8_t*>(nlmsg_tail(nlmsg_hdr(message_))) -
                                                 reinterpret_cast<std::uint8_t*>(next));
  }
  nla_nest_end(message_, nest);
}

void NetlinkEncoder::route(const KernelOp& op) {
  auto* header = nlmsg_hdr(message_);
  const bool remove = op.kind == OpKind::DeleteRoute || op.kind == OpKind::DeleteFormer;
  const auto mark = op.kind == OpKind::DeleteFormer ? op.former : settings_.mark();
  header->nlmsg_type = remove ? RTM_DELROUTE : RTM_NEWROUTE;
  if (op.kind == OpKind::AddRoute) header->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
  if (op.kind == OpKind::ReplaceRoute) header->nlmsg_flags |= NLM_F_REPLACE;
  const auto family = op.prefix.family();
  rtmsg body{};
  body.rtm_family = address_family(family);
  body.rtm_dst_len = static_cast<unsigned char>(op.prefix.length());
  body.rtm_table = static_cast<unsigned char>(mark.table < 256 ? mark.table : RT_TABLE_UNSPEC);
  // Always the protocol, also to delete: a route of another protocol does not match then.
  body.rtm_protocol = mark.protocol;
  body.rtm_scope = remove ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE;
  body.rtm_type = remove ? RTN_UNSPEC : op.blackhole ? RTN_BLACKHOLE : RTN_UNICAST;
  nlmsg_append(message_, &body, sizeof body, NLMSG_ALIGNTO);
  const auto bytes = op.prefix.address().bytes();
  if (op.prefix.length() > 0) nla_put(message_, RTA_DST, static_cast<int>(bytes.size()), bytes.data());
  nla_put_u32(message_, RTA_PRIORITY, mark.metric(family));
  if (mark.table >= 256) nla_put_u32(message_, RTA_TABLE, mark.table);
  if (remove || op.blackhole) return;
  if (op.nexthop_id != 0)
    nla_put_u32(message_, RTA_NH_ID, op.nexthop_id);
  else
    plain_hops(op);
}

void NetlinkEncoder::next_hop(const KernelOp& op) {
  auto* header = nlmsg_hdr(message_);
  const bool remove = op.kind == OpKind::DeleteNextHop;
  header->nlmsg_type = remove ? RTM_DELNEXTHOP : RTM_NEWNEXTHOP;
  if (op.kind == OpKind::ReplaceGroup)
    header->nlmsg_flags |= NLM_F_REPLACE;
  else if (!remove)
    header->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
  nhmsg body{};
  if (op.kind == OpKind::NewNextHop) {
    body.nh_family = address_family(op.hops[0].gateway.family());
    if (op.on_link) body.nh_flags = on_link(op.hops[0].gateway);
  }
  if (!remove) body.nh_protocol = settings_.protocol;
  nlmsg_append(message_, &body, sizeof body, NLMSG_ALIGNTO);
  nla_put_u32(message_, NHA_ID, op.nexthop_id);
  if (remove) return;
  if (op.kind == OpKind::NewNextHop) {
    const auto bytes = op.hops[0].gateway.bytes();
    nla_put_u32(message_, NHA_OIF, op.hops[0].ifindex);
    nla_put(message_, NHA_GATEWAY, static_cast<int>(bytes.size()), bytes.data());
    return;
  }
  std::vector<nexthop_grp> group;
  for (const auto id : op.members) group.emplace_back().id = id;  // the names of the other fields depend on the kernel's headers
  nla_put(message_, NHA_GROUP, static_cast<int>(group.size() * sizeof(nexthop_grp)), group.data());
}

void NetlinkEncoder::neighbour(const KernelOp& op) {
  auto* header = nlmsg_hdr(message_);
  header->nlmsg_type = RTM_NEWNEIGH;
  header->nlmsg_flags |= NLM_F_CREATE | NLM_F_REPLACE;
  ndmsg body{};
  body.ndm_family = address_family(op.hops[0].gateway.family());
  body.ndm_ifindex = static_cast<int>(op.hops[0].ifindex);
  body.ndm_flags = NTF_USE;  // as if a packet were sent there
  nlmsg_append(message_, &body, sizeof body, NLMSG_ALIGNTO);
  const auto bytes = op.hops[0].gateway.bytes();
  nla_put(message_, NDA_DST, static_cast<int>(bytes.size()), bytes.data());
}

void append_dump_request(DumpKind kind, std::uint32_t sequence, Bytes& out) {
  // Strict checking wants the full header of each kind, and zeros where nothing is asked for.
  auto* message = nlmsg_alloc();
  auto* header = nlmsg_hdr(message);
  header->nlmsg_len = NLMSG_HDRLEN;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header->nlmsg_seq = sequence;
  header->nlmsg_pid = 0;
  const auto put = [&](std::uint16_t type, auto body) {
    header->nlmsg_type = type;
    nlmsg_append(message, &body, sizeof body, NLMSG_ALIGNTO);
  };
  rtmsg route{};
  switch (kind) {
    case DumpKind::Links: put(RTM_GETLINK, ifinfomsg{}); break;
    case DumpKind::Addresses: put(RTM_GETADDR, ifaddrmsg{}); break;
    case DumpKind::Neighbours: put(RTM_GETNEIGH, ndmsg{}); break;
    case DumpKind::NextHops: put(RTM_GETNEXTHOP, nhmsg{}); break;
    case DumpKind::RoutesV4:
      route.rtm_family = AF_INET;
      put(RTM_GETROUTE, route);
      break;
    case DumpKind::RoutesV6:
      route.rtm_family = AF_INET6;
      put(RTM_GETROUTE, route);
      break;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(header);
  out.insert(out.end(), bytes, bytes + header->nlmsg_len);
  nlmsg_free(message);
}

void NetlinkDecoder::decode(std::span<const std::uint8_t> datagram, FactSink& sink,
                            std::vector<NetlinkReply>& replies) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto& header = *reinterpret_cast<const nlmsghdr*>(datagram.data());
    if (header.nlmsg_len < sizeof(nlmsghdr) || header.nlmsg_len > datagram.size()) return;
    NetlinkReply reply{header.nlmsg_seq, false, 0, {}, (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0};
    if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) {
      reply.done = true;
      if (header.nlmsg_len >= NLMSG_HDRLEN + sizeof(int)) {
        int code = 0;
        std::memcpy(&code, nlmsg_data(&header), sizeof code);
        reply.error = code < 0 ? -code : 0;
      }
      if (header.nlmsg_type == NLMSG_ERROR && header.nlmsg_flags & NLM_F_ACK_TLVS &&
          header.nlmsg_len >= NLMSG_HDRLEN + sizeof(nlmsgerr)) {
        const auto& error = *static_cast<const nlmsgerr*>(nlmsg_data(&header));
        std::size_t body = sizeof(nlmsgerr);
        if (!(header.nlmsg_flags & NLM_F_CAPPED)) body += NLMSG_ALIGN(error.msg.nlmsg_len) - sizeof(nlmsghdr);
        if (NLMSG_HDRLEN + body <= header.nlmsg_len)
          for_each_attribute(header, body, [&](const nlattr* a) {
            if (nla_type(a) == NLMSGERR_ATTR_MSG && nla_len(a) > 0)
              reply.text.assign(static_cast<const char*>(nla_data(a)),
                                strnlen(static_cast<const char*>(nla_data(a)), static_cast<std::size_t>(nla_len(a))));
          });
      }
      replies.push_back(std::move(reply));
    } else {
      one(header, sink);
      if (reply.interrupted) replies.push_back(std::move(reply));
    }
    const auto step = std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size());
    datagram = datagram.subspan(step);
  }
}

bool NetlinkDecoder::one(const nlmsghdr& header, FactSink& sink) {
  switch (header.nlmsg_type) {
    case RTM_NEWROUTE:
    case RTM_DELROUTE: return route(header, sink);
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP: return next_hop(header, sink);
    case RTM_NEWLINK:
    case RTM_DELLINK: return link(header, sink);
    case RTM_NEWADDR:
    case RTM_DELADDR: return address(header, sink);
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH: return neighbour(header, sink);
    default: return false;
  }
}

bool NetlinkDecoder::link(const nlmsghdr& header, FactSink& sink) {
  const auto* body = body_of<ifinfomsg>(header);
  // A bridge tells of its ports with family AF_BRIDGE; those messages are not about the link itself.
  if (body == nullptr || body->ifi_family != AF_UNSPEC) return false;
  LinkFact fact;
  fact.ifindex = static_cast<std::uint32_t>(body->ifi_index);
  fact.up = (body->ifi_flags & IFF_UP) != 0;
  fact.carrier = (body->ifi_flags & (IFF_LOWER_UP | IFF_RUNNING)) != 0;
  fact.gone = header.nlmsg_type == RTM_DELLINK;
  for_each_attribute(header, sizeof *body, [&](const nlattr* a) {
    if (nla_type(a) == IFLA_IFNAME && nla_len(a) > 0)
      fact.name.assign(static_cast<const char*>(nla_data(a)),
                       strnlen(static_cast<const char*>(nla_data(a)), static_cast<std::size_t>(nla_len(a))));
  });
  sink.fact(fact);
  return true;
}

bool NetlinkDecoder::address(const nlmsghdr& header, FactSink& sink) {
  const auto* body = body_of<ifaddrmsg>(header);
  if (body == nullptr) return false;
  AddressFact fact;
  fact.ifindex = body->ifa_index;
  fact.prefix_length = body->ifa_prefixlen;
  fact.gone = header.nlmsg_type == RTM_DELADDR;
  bool local = false, any = false;
  std::uint32_t flags = body->ifa_flags;
  for_each_attribute(header, sizeof *body, [&](const nlattr* a) {
    // IFA_LOCAL is ours where both are there; IFA_ADDRESS is then the other end of a point-to-point link.
    if (nla_type(a) == IFA_FLAGS) flags = to_u32(a);
    if (nla_type(a) != IFA_LOCAL && (nla_type(a) != IFA_ADDRESS || local)) return;
    const auto value = to_address(a);
    if (!value) return;
    fact.address = *value;
    local = nla_type(a) == IFA_LOCAL;
    any = true;
  });
  if (!any) return false;
  if (!fact.gone && flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) return false;  // told again when it is usable
  sink.fact(fact);
  return true;
}

bool NetlinkDecoder::neighbour(const nlmsghdr& header, FactSink& sink) {
  const auto* body = body_of<ndmsg>(header);
  if (body == nullptr || (body->ndm_family != AF_INET && body->ndm_family != AF_INET6)) return false;
  NeighbourFact fact;
  fact.ifindex = static_cast<std::uint32_t>(body->ndm_ifindex);
  fact.failed = (body->ndm_state & NUD_FAILED) != 0;
  fact.gone = header.nlmsg_type == RTM_DELNEIGH;
  bool any = false;
  for_each_attribute(header, sizeof *body, [&](const nlattr* a) {
    if (nla_type(a) != NDA_DST) return;
    if (const auto value = to_address(a)) {
      fact.address = *value;
      any = true;
    }
  });
  // A look-up that has just begun says nothing about its end.
  if (!any || (!fact.gone && body->ndm_state & NUD_INCOMPLETE)) return false;
  sink.fact(fact);
  return true;
}

bool NetlinkDecoder::next_hop(const nlmsghdr& header, FactSink& sink) {
  const auto* body = body_of<nhmsg>(header);
  if (body == nullptr) return false;
  auto& fact = next_hop_;
  fact = NextHopFact{};
  fact.protocol = body->nh_protocol;
  fact.port = header.nlmsg_pid;
  fact.gone = header.nlmsg_type == RTM_DELNEXTHOP;
  for_each_attribute(header, sizeof *body, [&](const nlattr* a) {
    switch (nla_type(a)) {
      case NHA_ID: fact.id = to_u32(a); break;
      case NHA_OIF: fact.hop.ifindex = to_u32(a); break;
      case NHA_GATEWAY:
        if (const auto value = to_address(a)) {
          fact.hop.gateway = *value;
          fact.hop.has_gateway = true;
        }
        break;
      case NHA_GROUP: {
        fact.group = true;
        const auto* data = static_cast<const std::uint8_t*>(nla_data(a));
        for (std::size_t at = 0; at + sizeof(nexthop_grp) <= static_cast<std::size_t>(nla_len(a));
             at += sizeof(nexthop_grp)) {
          nexthop_grp member;
          std::memcpy(&member, data + at, sizeof member);
          fact.members.push_back(member.id);
        }
        break;
      }
      case NHA_GROUP_TYPE:
        if (nla_len(a) >= 2 && nla_get_u16(a) != NEXTHOP_GRP_TYPE_MPATH) fact.plain_unicast = false;
        break;
      case NHA_BLACKHOLE:
      case NHA_ENCAP:
      case NHA_FDB: fact.plain_unicast = false; break;
      default: break;
    }
  });
  if (!fact.group && !fact.hop.has_gateway) fact.plain_unicast = false;
  if (fact.id == 0) return false;
  sink.fact(fact);
  return true;
}

bool NetlinkDecoder::route(const nlmsghdr& header, FactSink& sink) {
  const auto* body = body_of<rtmsg>(header);
  if (body == nullptr || (body->rtm_family != AF_INET && body->rtm_family != AF_INET6)) return false;
  if (body->rtm_flags & RTM_F_CLONED) return false;  // cached exceptions
  auto& fact = route_;
  fact.hops.clear();
  fact.table = body->rtm_table;
  fact.protocol = body->rtm_protocol;
  fact.kind = body->rtm_type == RTN_UNICAST     ? RouteKind::Unicast
              : body->rtm_type == RTN_BLACKHOLE ? RouteKind::Blackhole
                                                : RouteKind::Other;
  fact.metric = 0;
  fact.nexthop_id = 0;
  fact.port = header.nlmsg_pid;
  fact.gone = header.nlmsg_type == RTM_DELROUTE;
  fact.replaced = !fact.gone && (header.nlmsg_flags & NLM_F_REPLACE) != 0;
  const bool v6 = body->rtm_family == AF_INET6;
  std::array<std::uint8_t, 16> destination{};
  FactHop single;
  for_each_attribute(header, sizeof *body, [&](const nlattr* a) {
    switch (nla_type(a)) {
      case RTA_DST:
        std::memcpy(destination.data(), nla_data(a), std::min<std::size_t>(16, static_cast<std::size_t>(nla_len(a))));
        break;
      case RTA_TABLE: fact.table = to_u32(a); break;
      case RTA_PRIORITY: fact.metric = to_u32(a); break;
      case RTA_NH_ID: fact.nexthop_id = to_u32(a); break;
      case RTA_OIF: single.ifindex = to_u32(a); break;
      case RTA_MULTIPATH: multipath(a, fact.hops); break;
      case RTA_GATEWAY:
      case RTA_VIA:
        if (const auto gateway = nla_type(a) == RTA_VIA ? to_via(a) : to_address(a)) {
          single.gateway = *gateway;
          single.has_gateway = true;
        }
        break;
      default: break;
    }
  });
  if (single.ifindex != 0 && fact.hops.empty()) fact.hops.push_back(single);
  const auto address = v6 ? net::IpAddress::v6(destination)
                          : net::IpAddress::v4(std::span<const std::uint8_t, 4>(destination.data(), 4));
  fact.prefix = net::Prefix::make(address, body->rtm_dst_len);
  sink.fact(fact);
  return true;
}

}  // namespace podbgp::fib
