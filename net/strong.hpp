// Strong<Tag, Rep>: an integer with a name. Compares, hashes and prints; never converts by itself.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>

#include <fmt/format.h>

namespace podbgp::net {

template <class Tag, class Rep>
class Strong {
 public:
  using rep = Rep;
  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  Rep value_{};
};

}  // namespace podbgp::net

template <class Tag, class Rep>
struct std::hash<podbgp::net::Strong<Tag, Rep>> {
  std::size_t operator()(podbgp::net::Strong<Tag, Rep> s) const noexcept { return std::hash<Rep>{}(s.value()); }
};

template <class Tag, class Rep>
struct fmt::formatter<podbgp::net::Strong<Tag, Rep>> : fmt::formatter<Rep> {
  template <class Context>
  auto format(podbgp::net::Strong<Tag, Rep> s, Context& ctx) const {
    return fmt::formatter<Rep>::format(s.value(), ctx);
  }
};
