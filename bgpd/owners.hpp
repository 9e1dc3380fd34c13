// The routes that API owners announced: who owns what, and what changed. An owner's routes live until the owner withdraws
// them; the connection they came over does not matter.
//
// Owner: core.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/backend.hpp"
#include "rib/rib.hpp"

namespace podbgp::bgpd {

class Owners {
 public:
  explicit Owners(rib::Rib& rib) : rib_(rib) {}

  [[nodiscard]] std::vector<api::ChangeResult> announce(const std::string& owner, std::vector<rib::LocalRoute> routes,
                                                        net::TimePoint now);
  [[nodiscard]] std::vector<api::ChangeResult> withdraw(const std::string& owner, const std::vector<net::Prefix>& prefixes);
  // Fails when `generation` is smaller than one seen before from this owner.
  [[nodiscard]] net::Result<api::Replaced, api::ApiError> replace(const std::string& owner,
                                                                  std::vector<rib::LocalRoute> routes,
                                                                  std::uint64_t generation, net::TimePoint now);

  [[nodiscard]] std::vector<api::Owner> list() const;
  // Sorted by owner and prefix; `owner` empty: of all. Starts behind `after` (an opaque token), at most `limit`.
  [[nodiscard]] api::OwnedRoutes page(const std::string& owner, std::size_t limit, const std::string& after) const;
  [[nodiscard]] std::string name(std::uint16_t number) const;

  // After a restart: who announced routes before. Stale kernel routes are kept until all of these have spoken again (or a
  // grace time has passed).
  void expect(std::set<std::string> names) { awaited_ = std::move(names); }
  [[nodiscard]] bool all_spoken() const { return awaited_.empty(); }
  [[nodiscard]] std::set<std::string> with_routes() const;

 private:
  struct Entry {
    std::uint16_t number = 0;
    std::uint64_t generation = 0;
    std::map<net::Prefix, rib::LocalRoute> routes;
  };
  Entry& entry(const std::string& owner);
  api::ChangeResult put(Entry& entry, rib::LocalRoute route, net::TimePoint now);

  rib::Rib& rib_;
  std::map<std::string, Entry> owners_;
  std::set<std::string> awaited_;
};

}  // namespace podbgp::bgpd
