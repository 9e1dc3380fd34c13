#include "cli/routes_file.hpp"

#include <set>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace podbgp::cli {

namespace {

// yaml-cpp throws; parse_routes() catches, and this is what we throw to it ourselves.
struct Wrong {
  YAML::Mark mark;
  std::string message;
};

// yaml-cpp gives a key that stands there twice as two entries.
void check_once(const YAML::Node& key, std::set<std::string>& seen) {
  if (!seen.insert(key.Scalar()).second) throw Wrong{key.Mark(), fmt::format("'{}' stands here twice", key.Scalar())};
}

std::string text_of(const YAML::Node& node, const std::string& what) {
  if (!node.IsScalar()) throw Wrong{node.Mark(), what + " must be one value"};
  return node.Scalar();
}

template <class T>
T number_of(const YAML::Node& node, const std::string& what) {
  const auto text = text_of(node, what);
  T value{};
  if (text.empty() || text.front() == '-' || !YAML::convert<T>::decode(node, value))
    throw Wrong{node.Mark(),
                fmt::format("{} must be a number from 0 to {}, not '{}'", what, std::numeric_limits<T>::max(), text)};
  return value;
}

template <class Add>
void each_text(const YAML::Node& node, const std::string& what, Add add) {
  if (node.IsScalar()) return add(node.Scalar());
  if (!node.IsSequence()) throw Wrong{node.Mark(), what + " must be a list"};
  for (const auto& item : node) add(text_of(item, what));
}

void set_install(const YAML::Node& node, podbgp::v1::Route& route) {
  const auto text = text_of(node, "install");
  if (text == "blackhole" || text == "INSTALL_BLACKHOLE")
    route.set_install(podbgp::v1::Route::INSTALL_BLACKHOLE);
  else if (text == "none" || text == "INSTALL_NONE")
    route.set_install(podbgp::v1::Route::INSTALL_NONE);
  else
    throw Wrong{node.Mark(), fmt::format("install must be blackhole or none, not '{}'", text)};
}

podbgp::v1::Route to_route(const YAML::Node& node) {
  podbgp::v1::Route route;
  if (node.IsScalar()) {
    route.set_prefix(node.Scalar());
    return route;
  }
  if (!node.IsMap()) throw Wrong{node.Mark(), "a route is a prefix, or a mapping with `prefix`"};
  std::set<std::string> seen;
  for (const auto& item : node) {
    const auto key = item.first.Scalar();
    const auto& value = item.second;
    check_once(item.first, seen);
    if (key == "prefix")
      route.set_prefix(text_of(value, key));
    else if (key == "next_hop")
      route.set_next_hop(text_of(value, key));
    else if (key == "communities")
      each_text(value, key, [&](const std::string& c) { route.add_communities(c); });
    else if (key == "large_communities")
      each_text(value, key, [&](const std::string& c) { route.add_large_communities(c); });
    else if (key == "extended_communities")
      each_text(value, key, [&](const std::string& c) { route.add_extended_communities(c); });
    else if (key == "local_pref")
      route.set_local_pref(number_of<std::uint32_t>(value, key));
    else if (key == "med")
      route.set_med(number_of<std::uint32_t>(value, key));
    else if (key == "install")
      set_install(value, route);
    else
      throw Wrong{item.first.Mark(), fmt::format("unknown key '{}'; a route has prefix, next_hop, communities, "
                                                 "large_communities, extended_communities, local_pref, med, install",
                                                 key)};
  }
  if (route.prefix().empty()) throw Wrong{node.Mark(), "a route needs `prefix`"};
  return route;
}

// No list would withdraw everything: who means that writes [].
void add_routes(const YAML::Node& list, RoutesFile& out) {
  if (list.IsNull()) throw Wrong{list.Mark(), "there are no routes; write [] to withdraw everything"};
  if (!list.IsSequence()) throw Wrong{list.Mark(), "expected a list of routes"};
  for (const auto& item : list) out.routes.push_back(to_route(item));
}

}  // namespace

net::Result<RoutesFile, std::string> parse_routes(const std::string& text, const std::string& file) {
  const auto at = [&](const YAML::Mark& mark, const std::string& message) {
    if (mark.is_null()) return fmt::format("{}: {}", file, message);
    return fmt::format("{}:{}:{}: {}", file, mark.line + 1, mark.column + 1, message);
  };
  try {
    const auto root = YAML::Load(text);
    RoutesFile out;
    if (root.IsSequence()) {
      add_routes(root, out);
      return out;
    }
    // An empty file would withdraw everything: who means that writes [].
    if (!root.IsMap() || !root["routes"])
      throw Wrong{root.Mark(), "expected a list of routes, or `routes:` with one; write [] to withdraw everything"};
    std::set<std::string> seen;
    for (const auto& item : root) {
      const auto key = item.first.Scalar();
      check_once(item.first, seen);
      if (key == "routes")
        add_routes(item.second, out);
      else if (key == "owner")
        out.owner = text_of(item.second, key);
      else if (key == "generation")
        out.generation = number_of<std::uint64_t>(item.second, key);
      else
        throw Wrong{item.first.Mark(), fmt::format("unknown key '{}'; here are owner, generation and routes", key)};
    }
    return out;
  } catch (const Wrong& wrong) {
    return net::fail(at(wrong.mark, wrong.message));
  } catch (const YAML::Exception& error) {
    return net::fail(at(error.mark, error.msg));
  }
}

}  // namespace podbgp::cli
