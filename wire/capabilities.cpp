#include "wire/capabilities.hpp"

#include <algorithm>
#include <array>

namespace podbgp::wire {
namespace {

enum Code : std::uint8_t {
  kMultiprotocol = 1,
  kRouteRefresh = 2,
  kExtendedNextHop = 5,
  kExtendedMessage = 6,
  kGracefulRestart = 64,
  kFourOctetAs = 65,
  kAddPath = 69,
  kEnhancedRouteRefresh = 70,
};

constexpr std::size_t kMaxValue = 255;

// Writes code and length around what `value` writes; takes it all back if there is no room or the value is too long.
template <class F>
void capability(Writer& w, std::uint8_t code, F&& value) {
  const auto start = w.size();
  w.u8(code);
  w.u8(0);
  value();
  const auto size = w.size() - start - 2;
  if (!w.ok() || size > kMaxValue) return w.rewind(start);
  w.patch_u8(start + 1, size);
}

// A list of tuples, cut into several capabilities where one cannot hold it.
template <class T, class F>
void tuples(Writer& w, std::uint8_t code, const std::vector<T>& list, std::size_t tuple_size, F&& write) {
  for (std::size_t done = 0; done < list.size();) {
    const auto count = std::min(list.size() - done, kMaxValue / tuple_size);
    capability(w, code, [&] {
      for (std::size_t i = 0; i < count; ++i) write(list[done + i]);
    });
    done += count;
  }
}

AfiSafi read_family(Reader& r) {
  AfiSafi family;
  family.afi = r.u16();
  family.safi = r.u8();
  return family;
}

void write_family(Writer& w, const AfiSafi& family) {
  w.u16(family.afi);
  w.u8(family.safi);
}

// The last word on a family counts, at the place of the first.
template <class T>
void replace_or_append(std::vector<T>& list, const T& item) {
  const auto it = std::ranges::find(list, item.family, &T::family);
  if (it == list.end()) {
    list.push_back(item);
  } else {
    *it = item;
  }
}

bool decode_multiprotocol(Reader r, Capabilities& c) {  // RFC 4760 §8: AFI, reserved, SAFI
  AfiSafi family;
  family.afi = r.u16();
  r.u8();
  family.safi = r.u8();
  if (!r.ok() || !r.empty()) return false;
  if (std::ranges::find(c.multiprotocol, family) == c.multiprotocol.end()) c.multiprotocol.push_back(family);
  return true;
}

void encode_multiprotocol(const Capabilities& c, Writer& w) {
  for (const auto& family : c.multiprotocol) {
    capability(w, kMultiprotocol, [&] {
      w.u16(family.afi);
      w.u8(0);
      w.u8(family.safi);
    });
  }
}

template <bool Capabilities::* Flag>
bool decode_flag(Reader r, Capabilities& c) {
  c.*Flag = true;
  return r.empty();
}

template <std::uint8_t Number, bool Capabilities::* Flag>
void encode_flag(const Capabilities& c, Writer& w) {
  if (c.*Flag) capability(w, Number, [] {});
}

bool decode_extended_next_hop(Reader r, Capabilities& c) {  // RFC 8950 §4: AFI, SAFI in two octets, next hop AFI
  if (r.size() % 6 != 0) return false;
  while (!r.empty()) {
    ExtendedNextHopCapability entry;
    entry.family.afi = r.u16();
    const auto safi = r.u16();
    entry.next_hop_afi = r.u16();
    entry.family.safi = static_cast<std::uint8_t>(safi);
    if (safi <= 0xff) c.extended_next_hop.push_back(entry);  // a family may have several next hop families
  }
  return true;
}

void encode_extended_next_hop(const Capabilities& c, Writer& w) {
  tuples(w, kExtendedNextHop, c.extended_next_hop, 6, [&](const ExtendedNextHopCapability& entry) {
    w.u16(entry.family.afi);
    w.u16(entry.family.safi);
    w.u16(entry.next_hop_afi);
  });
}

constexpr std::uint16_t kRestartState = 0x8000, kNotificationBit = 0x4000, kRestartTime = 0x0fff;
constexpr std::uint8_t kForwardingState = 0x80;

bool decode_graceful_restart(Reader r, Capabilities& c) {  // RFC 4724 §3: of several instances the last counts
  const auto head = r.u16();
  if (!r.ok() || r.size() % 4 != 0) return false;
  auto& gr = c.graceful_restart.emplace();
  gr.restarting = (head & kRestartState) != 0;
  gr.notification = (head & kNotificationBit) != 0;  // RFC 8538 §2
  gr.restart_time = head & kRestartTime;
  while (!r.empty()) {
    const auto family = read_family(r);
    gr.families.push_back({family, (r.u8() & kForwardingState) != 0});
  }
  return true;
}

void encode_graceful_restart(const Capabilities& c, Writer& w) {
  if (!c.graceful_restart) return;
  const auto& gr = *c.graceful_restart;
  capability(w, kGracefulRestart, [&] {
    w.u16(static_cast<std::uint16_t>((gr.restarting ? kRestartState : 0) | (gr.notification ? kNotificationBit : 0) |
                                     std::min(gr.restart_time, kRestartTime)));
    for (const auto& entry : gr.families) {
      write_family(w, entry.family);
      w.u8(entry.forwarding_preserved ? kForwardingState : 0);
    }
  });
}

bool decode_four_octet_as(Reader r, Capabilities& c) {  // RFC 6793 §3
  c.four_octet_as = net::Asn{r.u32()};
  return r.ok() && r.empty();
}

void encode_four_octet_as(const Capabilities& c, Writer& w) {
  if (c.four_octet_as) capability(w, kFourOctetAs, [&] { w.u32(c.four_octet_as->value()); });
}

bool decode_add_path(Reader r, Capabilities& c) {
  if (r.size() % 4 != 0) return false;
  while (!r.empty()) {
    AddPathCapability entry;
    entry.family = read_family(r);
    const auto mode = r.u8();
    entry.receive = (mode & 1) != 0;
    entry.send = (mode & 2) != 0;
    // RFC 7911 §4: a tuple with another value than 1, 2, 3 is not understood and ignored.
    if (mode >= 1 && mode <= 3) replace_or_append(c.add_path, entry);
  }
  return true;
}

void encode_add_path(const Capabilities& c, Writer& w) {
  tuples(w, kAddPath, c.add_path, 4, [&](const AddPathCapability& entry) {
    write_family(w, entry.family);
    w.u8(static_cast<std::uint8_t>((entry.receive ? 1 : 0) | (entry.send ? 2 : 0)));
  });
}

struct Row {
  std::uint8_t code;
  bool (*decode)(Reader, Capabilities&);
  void (*encode)(const Capabilities&, Writer&);
};

constexpr std::array kRows{
    Row{kMultiprotocol, decode_multiprotocol, encode_multiprotocol},
    Row{kRouteRefresh, decode_flag<&Capabilities::route_refresh>,
        encode_flag<kRouteRefresh, &Capabilities::route_refresh>},
    Row{kExtendedNextHop, decode_extended_next_hop, encode_extended_next_hop},
    Row{kExtendedMessage, decode_flag<&Capabilities::extended_message>,
        encode_flag<kExtendedMessage, &Capabilities::extended_message>},
    Row{kGracefulRestart, decode_graceful_restart, encode_graceful_restart},
    Row{kFourOctetAs, decode_four_octet_as, encode_four_octet_as},
    Row{kAddPath, decode_add_path, encode_add_path},
    Row{kEnhancedRouteRefresh, decode_flag<&Capabilities::enhanced_route_refresh>,
        encode_flag<kEnhancedRouteRefresh, &Capabilities::enhanced_route_refresh>},
};

}  // namespace

bool decode_capabilities(Reader parameter, Capabilities& capabilities) {
  while (!parameter.empty()) {
    const auto code = parameter.u8();
    const auto value = parameter.sub(parameter.u8());
    if (!parameter.ok()) return false;
    const auto* row = std::ranges::find(kRows, code, &Row::code);
    if (row != kRows.end()) {
      if (!row->decode(value, capabilities)) return false;
    } else {
      capabilities.unknown.push_back({code, Bytes(value.rest().begin(), value.rest().end())});
    }
  }
  return parameter.ok();
}

void encode_capabilities(const Capabilities& capabilities, Writer& writer) {
  for (const auto& row : kRows) row.encode(capabilities, writer);
  for (const auto& raw : capabilities.unknown) capability(writer, raw.code, [&] { writer.bytes(raw.value); });
}

}  // namespace podbgp::wire
