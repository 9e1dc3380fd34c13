// The one result type of the house. Errors are values: nothing that comes from the network, the kernel or a client throws.
#pragma once

#include <expected>
#include <utility>

namespace podbgp::net {

template <class T, class E>
using Result = std::expected<T, E>;

template <class E>
[[nodiscard]] constexpr auto fail(E&& error) {
  return std::unexpected<std::decay_t<E>>(std::forward<E>(error));
}

}  // namespace podbgp::net
