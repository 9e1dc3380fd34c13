// "did you mean …?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace podbgp::config {

// The candidate nearest to what was typed, "" if none is near. Case, '-' and '_' make no difference.
[[nodiscard]] std::string_view nearest(std::string_view typed, const std::vector<std::string_view>& candidates);

// "did you mean 'x'?", or "known: a, b, c" where nothing is near and the list is short; "" else.
[[nodiscard]] std::string suggestion(std::string_view typed, const std::vector<std::string_view>& candidates);

}  // namespace podbgp::config
