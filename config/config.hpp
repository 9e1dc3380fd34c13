// The configuration as values: what a file of YAML means after groups were resolved, policies were bound and defaults
// filled in. Nothing here knows of YAML. Passwords stay references until load_secrets() (secrets.hpp) reads them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fib/settings.hpp"
#include "fsm/settings.hpp"
#include "net/ids.hpp"
#include "net/ip_address.hpp"
#include "rib/rib.hpp"
#include "rib/settings.hpp"
#include "session/transport.hpp"

namespace podbgp::config {

struct Listen {  // "10.0.0.1:179", "[::]:179"
  net::IpAddress address;
  std::uint16_t port = 179;  // 1..65535
  friend auto operator<=>(const Listen&, const Listen&) = default;
};
[[nodiscard]] std::string to_string(const Listen& listen);

struct Router {
  net::Asn asn;
  std::optional<net::RouterId> id;          // nullopt: derived once and kept in the state folder (the caller's work)
  std::optional<net::RouterId> cluster_id;  // RFC 4456; nullopt: the router id
  std::vector<Listen> listen;               // empty: dials only
  friend bool operator==(const Router&, const Router&) = default;
};

struct SecretSource {
  enum class Kind : std::uint8_t { File, Environment } kind = Kind::File;
  std::string name;  // absolute path of a file, or name of an environment variable
  friend bool operator==(const SecretSource&, const SecretSource&) = default;
};

struct Peer {
  std::string name;  // unique; default: the address
  std::string description;
  std::string group;          // where settings came from; "" = none
  bool enabled = true;        // session.admin_down is the opposite
  bool fast_fallover = true;  // the loss of the link ends the session at once; only where falls_over() says so
  fsm::PeerSettings session;  // local_id is 0 until set_router_id()
  rib::PeerSettings rib;
  session::Endpoint endpoint;  // password is empty until load_secrets()
  std::optional<SecretSource> password;
  // An eBGP peer that must be on a link of ours.
  [[nodiscard]] bool on_link() const {
    return session.external() && (endpoint.ttl == 1 || endpoint.ttl_security_hops == 1u);
  }
  // What happens to the link happens to the session.
  [[nodiscard]] bool falls_over() const { return fast_fallover && on_link(); }
  friend bool operator==(const Peer&, const Peer&) = default;
};

struct Api {
  std::string unix_path = "/run/podbgp/api.sock";
  unsigned mode = 0660;  // of the socket
  std::string group;     // owner group of the socket; "" = the daemon's
  friend bool operator==(const Api&, const Api&) = default;
};

struct Log {
  enum class Level : std::uint8_t { Debug, Info, Warning, Error } level = Level::Info;
  enum class Format : std::uint8_t { Text, Json } format = Format::Text;
  friend bool operator==(const Log&, const Log&) = default;
};

struct Config {
  Router router;
  std::vector<Peer> peers;                // in the order of the file
  std::vector<rib::LocalRoute> networks;  // source Network, owner 0
  std::vector<rib::Policy> policies;      // as written; peers hold copies of those they name
  fib::Settings fib;
  Api api;
  std::optional<Listen> metrics = Listen{net::IpAddress::v4(0x7f000001u), 9179};  // nullopt: `metrics: { listen: off }`
  Log log;
  std::string state_dir = "/var/lib/podbgp";
  friend bool operator==(const Config&, const Config&) = default;
};

// The router id is known (from the file, or derived by the caller): writes it to router.id and to every peer's session.
void set_router_id(Config& config, net::RouterId id);

// What the RIB is told; `id` as given by set_router_id.
[[nodiscard]] rib::RouterSettings rib_settings(const Config& config);

}  // namespace podbgp::config
