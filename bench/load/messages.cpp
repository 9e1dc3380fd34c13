#include "bench/load/messages.hpp"

#include <algorithm>

namespace podbgp::bench {
namespace {

constexpr std::uint32_t kAsTrans = 23456;

std::size_t begin_message(Bytes& out, MessageType type) {
  const std::size_t start = out.size();
  out.insert(out.end(), 16, 0xff);
  put16(out, 0);
  put8(out, static_cast<std::uint8_t>(type));
  return start;
}

void end_message(Bytes& out, std::size_t start) {
  const std::size_t size = out.size() - start;
  out[start + 16] = static_cast<std::uint8_t>(size >> 8);
  out[start + 17] = static_cast<std::uint8_t>(size);
}

void put_nlri(Bytes& out, const Nlri& prefix) {
  put8(out, prefix.length);
  for (int shift = 24; shift > 24 - prefix.length; shift -= 8) put8(out, prefix.address >> shift);
}

std::size_t nlri_size(const Nlri& prefix) { return 1 + (prefix.length + 7U) / 8U; }

class KeyBuilder {
 public:
  void path(std::uint32_t asn) { path_ = mix(path_ ^ asn); }
  void community(std::uint32_t value) { communities_ += mix(value ^ 0xc0330000ULL << 20); }
  std::uint32_t done() const {
    const auto key = static_cast<std::uint32_t>(mix(path_ + communities_));
    return key == 0 ? 1 : key;
  }

 private:
  std::uint64_t path_ = 1;
  std::uint64_t communities_ = 0;
};

bool read_path(ByteView value, std::uint32_t own_asn, KeyBuilder& key) {
  bool first = true;
  while (value.size() >= 2) {
    const std::size_t count = value[1];
    if (value.size() < 2 + 4 * count) return false;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t asn = get32(&value[2 + 4 * i]);
      if (!first || asn != own_asn) key.path(asn);
      first = false;
    }
    value = value.subspan(2 + 4 * count);
  }
  return value.empty();
}

bool ipv4_unicast(ByteView value) { return value.size() >= 3 && get16(value.data()) == 1 && value[2] == 1; }

bool read_attribute(std::uint8_t type, ByteView value, std::uint32_t own_asn, KeyBuilder& key, Update& update) {
  switch (type) {
    case 2: return read_path(value, own_asn, key);
    case 8:
      for (std::size_t i = 0; i + 4 <= value.size(); i += 4) key.community(get32(&value[i]));
      return value.size() % 4 == 0;
    case 14:
      if (ipv4_unicast(value)) {
        if (value.size() < 5U || value.size() < 5U + value[3]) return false;
        update.announced = value.subspan(5U + value[3]);
      }
      return true;
    case 15:
      if (ipv4_unicast(value)) update.withdrawn = value.subspan(3);
      return true;
    default: return true;
  }
}

}  // namespace

Bytes open_message(std::uint32_t asn, std::uint16_t hold_s, std::uint32_t router_id) {
  Bytes capabilities;
  for (const std::uint32_t v : {1, 4, 0, 1, 0, 1}) put8(capabilities, v);  // multiprotocol: IPv4 unicast
  for (const std::uint32_t v : {2, 0}) put8(capabilities, v);              // route refresh
  for (const std::uint32_t v : {64, 2, 0, 0}) put8(capabilities, v);  // graceful restart, no family: End-of-RIB only
  for (const std::uint32_t v : {65, 4}) put8(capabilities, v);        // four-octet AS
  put32(capabilities, asn);
  Bytes out;
  const std::size_t start = begin_message(out, MessageType::Open);
  put8(out, 4);
  put16(out, asn > 0xffff ? kAsTrans : asn);
  put16(out, hold_s);
  put32(out, router_id);
  put8(out, static_cast<std::uint32_t>(capabilities.size() + 2));
  put8(out, 2);
  put8(out, static_cast<std::uint32_t>(capabilities.size()));
  out.insert(out.end(), capabilities.begin(), capabilities.end());
  end_message(out, start);
  return out;
}

Bytes keepalive_message() {
  Bytes out;
  end_message(out, begin_message(out, MessageType::Keepalive));
  return out;
}

Bytes end_of_rib_message() {
  Bytes out;
  const std::size_t start = begin_message(out, MessageType::Update);
  put32(out, 0);
  end_message(out, start);
  return out;
}

Bytes encode_attributes(const AttributeSet& set, std::uint32_t next_hop) {
  Bytes out;
  const auto header = [&out](std::uint8_t flags, std::uint8_t type, std::size_t size) {
    put8(out, flags);
    put8(out, type);
    put8(out, static_cast<std::uint32_t>(size));
  };
  header(0x40, 1, 1);
  put8(out, set.origin);
  header(0x40, 2, 2 + 4 * set.path.size());
  put8(out, 2);
  put8(out, static_cast<std::uint32_t>(set.path.size()));
  for (const std::uint32_t asn : set.path) put32(out, asn);
  header(0x40, 3, 4);
  put32(out, next_hop);
  if (set.med) {
    header(0x80, 4, 4);
    put32(out, *set.med);
  }
  if (!set.communities.empty()) {
    header(0xc0, 8, 4 * set.communities.size());
    for (const std::uint32_t value : set.communities) put32(out, value);
  }
  return out;
}

void append_announcements(Bytes& out, ByteView attributes, const std::vector<Nlri>& prefixes) {
  for (std::size_t next = 0; next < prefixes.size();) {
    const std::size_t start = begin_message(out, MessageType::Update);
    put16(out, 0);
    put16(out, static_cast<std::uint32_t>(attributes.size()));
    out.insert(out.end(), attributes.begin(), attributes.end());
    while (next < prefixes.size() && out.size() - start + nlri_size(prefixes[next]) <= kMaxMessage)
      put_nlri(out, prefixes[next++]);
    end_message(out, start);
  }
}

void append_withdrawals(Bytes& out, const std::vector<Nlri>& prefixes) {
  for (std::size_t next = 0; next < prefixes.size();) {
    const std::size_t start = begin_message(out, MessageType::Update);
    put16(out, 0);
    while (next < prefixes.size() && out.size() - start + nlri_size(prefixes[next]) + 2 <= kMaxMessage)
      put_nlri(out, prefixes[next++]);
    const std::size_t withdrawn = out.size() - start - kHeader - 2;
    out[start + kHeader] = static_cast<std::uint8_t>(withdrawn >> 8);
    out[start + kHeader + 1] = static_cast<std::uint8_t>(withdrawn);
    put16(out, 0);
    end_message(out, start);
  }
}

std::uint32_t attribute_key(const AttributeSet& set) {
  KeyBuilder key;
  for (const std::uint32_t asn : set.path) key.path(asn);
  for (const std::uint32_t value : set.communities) key.community(value);
  return key.done();
}

std::optional<Update> parse_update(ByteView body, std::uint32_t own_asn) {
  Update update;
  if (body.size() < 4) return std::nullopt;
  const std::size_t withdrawn = get16(body.data());
  if (body.size() < 4 + withdrawn) return std::nullopt;
  update.withdrawn = body.subspan(2, withdrawn);
  const std::size_t attributes = get16(&body[2 + withdrawn]);
  if (body.size() < 4 + withdrawn + attributes) return std::nullopt;
  update.announced = body.subspan(4 + withdrawn + attributes);
  ByteView rest = body.subspan(4 + withdrawn, attributes);
  KeyBuilder key;
  while (!rest.empty()) {
    const bool extended = (rest[0] & 0x10) != 0;
    const std::size_t header = extended ? 4 : 3;
    if (rest.size() < header) return std::nullopt;
    const std::size_t size = extended ? get16(&rest[2]) : rest[2];
    if (rest.size() < header + size) return std::nullopt;
    if (!read_attribute(rest[1], rest.subspan(header, size), own_asn, key, update)) return std::nullopt;
    rest = rest.subspan(header + size);
  }
  if (attributes != 0) update.key = key.done();
  return update;
}

std::optional<Open> parse_open(ByteView body) {
  if (body.size() < 10 || body[0] != 4) return std::nullopt;
  Open open{get16(&body[1]), static_cast<std::uint16_t>(get16(&body[3]))};
  ByteView parameters = body.subspan(10);
  while (parameters.size() >= 2) {
    const std::size_t size = parameters[1];
    if (parameters.size() < 2 + size) return std::nullopt;
    ByteView capabilities = parameters[0] == 2 ? parameters.subspan(2, size) : ByteView{};
    while (capabilities.size() >= 2 && capabilities.size() >= 2U + capabilities[1]) {
      if (capabilities[0] == 65 && capabilities[1] == 4) open.asn = get32(&capabilities[2]);
      capabilities = capabilities.subspan(2U + capabilities[1]);
    }
    parameters = parameters.subspan(2 + size);
  }
  return open;
}

}  // namespace podbgp::bench
