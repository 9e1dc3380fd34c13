// The routes that API owners announced: who owns what, and what changed. An owner's routes live until the owner withdraws
// them; the connection they came over does not matter.
//
// The RIB names owners by a number of 16 bits. A number belongs to an owner as long as it has routes. A name without
// routes is remembered only for its generation, which must not go back.
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
  static constexpr std::size_t kMost = 0xffff;  // names; 0 is the configuration's number

  explicit Owners(rib::Rib& rib, std::size_t most = kMost) : rib_(rib), most_(most) {}

  // These two fail when the owner is a new one and there are `most` already.
  [[nodiscard]] net::Result<std::vector<api::ChangeResult>, api::ApiError> announce(const std::string& owner,
                                                                                    std::vector<rib::LocalRoute> routes,
                                                                                    net::TimePoint now);
  // Fails as well when `generation` is smaller than one seen before from this owner.
  [[nodiscard]] net::Result<api::Replaced, api::ApiError> replace(const std::string& owner,
                                                                  std::vector<rib::LocalRoute> routes,
                                                                  std::uint64_t generation, net::TimePoint now);
  [[nodiscard]] std::vector<api::ChangeResult> withdraw(const std::string& owner, const std::vector<net::Prefix>& prefixes);

  [[nodiscard]] std::vector<api::Owner> list() const;
  // Sorted by owner and prefix; `owner` empty: of all. Starts behind `after` (an opaque token), at most `limit`.
  [[nodiscard]] api::OwnedRoutes page(const std::string& owner, std::size_t limit, const std::string& after) const;
  [[nodiscard]] const std::string& name(std::uint16_t number) const;  // "" where nobody has it

  // After a restart: who announced routes before. Stale kernel routes are kept until all of these have spoken again (or a
  // grace time has passed).
  void expect(std::set<std::string> names) { awaited_ = std::move(names); }
  [[nodiscard]] bool all_spoken() const { return awaited_.empty(); }
  [[nodiscard]] std::set<std::string> with_routes() const;

 private:
  struct Entry {
    std::uint16_t number = 0;  // 0: none, there are no routes
    std::uint64_t generation = 0;
    std::map<net::Prefix, rib::LocalRoute> routes;
  };
  using Place = std::map<std::string, Entry>::iterator;
  [[nodiscard]] net::Result<Place, api::ApiError> place(const std::string& owner);
  void tidy(Place place);  // gives back what an owner without routes does not need
  api::ChangeResult put(Place place, rib::LocalRoute route, net::TimePoint now);

  rib::Rib& rib_;
  std::size_t most_;
  std::map<std::string, Entry> owners_;
  std::vector<std::string> names_{std::string()};  // by number; "" is free
  std::vector<std::uint16_t> free_;
  std::set<std::string> awaited_;
};

}  // namespace podbgp::bgpd
