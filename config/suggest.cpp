#include "config/suggest.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace podbgp::config {

namespace {

std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '-' && c != '_') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view typed, const std::vector<std::string_view>& candidates) {
  if (typed.empty() || typed.size() > 64) return {};
  const auto word = plain(typed);
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto candidate : candidates) {
    const auto other = plain(candidate);
    const bool cut = word.size() >= 3 && other.starts_with(word);  // "warn" for "warning"
    const auto d = cut ? 1 : distance(word, other);
    if (d < best_distance && d < other.size()) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::string suggestion(std::string_view typed, const std::vector<std::string_view>& candidates) {
  if (const auto near = nearest(typed, candidates); !near.empty()) return fmt::format("did you mean '{}'?", near);
  if (candidates.empty() || candidates.size() > 12) return {};
  return fmt::format("known: {}", fmt::join(candidates, ", "));
}

}  // namespace podbgp::config
