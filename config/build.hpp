// Tree → Config, after check(): reads values, binds names, and finds what no table of keys can: combinations.
// What check() reported has no value here and is passed over in silence.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "config/report.hpp"
#include "config/yaml.hpp"

namespace podbgp::config {

// Node of a key inside records: find(node, "timers", "hold"). nullptr: not there.
[[nodiscard]] inline const Node* find(const Node* node) { return node; }
template <class... Rest>
[[nodiscard]] const Node* find(const Node* node, std::string_view key, Rest... rest) {
  return node == nullptr ? nullptr : find(node->find(key), rest...);
}

// The value of a node, if it is there, right, and of that kind.
template <class T>
[[nodiscard]] std::optional<T> value_of(const Node* node) {
  if (node != nullptr)
    if (const auto* value = std::get_if<T>(&node->value)) return *value;
  return std::nullopt;
}
template <class T, class To>
void read(const Node* node, To& into) {
  if (const auto value = value_of<T>(node)) into = static_cast<To>(*value);
}
void read_seconds(const Node* node, std::chrono::seconds& into);

// Items of a list, or the node itself where one may be written without brackets.
[[nodiscard]] std::vector<const Node*> items_of(const Node* node);

// `policies:` and `sets:`, and who uses what.
class PolicyBook {
 public:
  PolicyBook(const Node& file, Report& report);

  // The chain that a list of names means; names without a policy are reported.
  [[nodiscard]] rib::PolicyChain chain(const Node& names);
  // The same for received routes: on import "self" would name nobody, the next hop is where we forward to.
  [[nodiscard]] rib::PolicyChain import_chain(const Node& names);
  [[nodiscard]] std::vector<rib::Policy> policies() const;  // in the order of the file
  // Peers' names are known after the peers were read: unknown ones in `match: { peer: … }`; then, in a file without
  // errors, what nobody uses.
  void finish(const std::vector<Peer>& peers);

 private:
  void read_sets(const Node& file);
  void read_policy(const Node& key, const Node& statements);
  void check_statement(const Node& node, const rib::Statement& statement);
  [[nodiscard]] rib::Match match(const Node* node);
  [[nodiscard]] rib::Changes changes(const Node* node);
  [[nodiscard]] std::vector<rib::PrefixRange> ranges(const Node& node);
  [[nodiscard]] std::vector<rib::AnyCommunity> communities(const Node& node);

  template <class T>
  struct Named {
    T value;
    const Node* key = nullptr;  // for its place
    bool used = false;
    std::size_t order = 0;
  };
  template <class T>
  [[nodiscard]] const T* look_up(std::map<std::string, Named<T>, std::less<>>& in, const Node& name,
                                 std::string_view noun);

  Report& report_;
  std::map<std::string, Named<std::vector<rib::PrefixRange>>, std::less<>> prefix_sets_;
  std::map<std::string, Named<std::vector<rib::AnyCommunity>>, std::less<>> community_sets_;
  std::map<std::string, Named<rib::Policy>, std::less<>> policies_;
  std::vector<const Node*> named_peers_;
};

void build_peers(const Node& file, const Router& router, PolicyBook& book, Report& report, std::vector<Peer>& peers);
[[nodiscard]] Config build(const Node& file, Report& report);

}  // namespace podbgp::config
