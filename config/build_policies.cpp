#include <algorithm>

#include "config/build.hpp"
#include "config/suggest.hpp"

namespace podbgp::config {

namespace {

// Policies that need not be written.
constexpr std::string_view kAcceptAll = "accept-all", kRejectAll = "reject-all";

rib::Policy built_in(std::string_view name, rib::Verdict verdict) {
  return {std::string(name), {{.name = fmt::format("{}[0]", name), .match = {}, .set = {}, .then = verdict}}};
}

template <class T>
std::optional<T> number_of(const Node* node) {
  if (const auto value = value_of<std::int64_t>(node)) return static_cast<T>(*value);
  return std::nullopt;
}
std::optional<net::Asn> asn_of(const Node* node) {
  if (const auto value = number_of<std::uint32_t>(node)) return net::Asn(*value);
  return std::nullopt;
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  for (const auto& item : from)
    if (std::ranges::find(to, item) == to.end()) to.push_back(item);
}

std::optional<net::Family> family_of(const Node* node) {
  const auto word = value_of<std::string>(node);
  if (!word) return std::nullopt;
  return *word == "ipv4" ? net::Family::Ipv4Unicast : net::Family::Ipv6Unicast;
}

rib::AsPathMatch as_path_match(const Node& node, Report& report) {
  rib::AsPathMatch match;
  match.neighbour = asn_of(find(&node, "neighbour"));
  match.origin = asn_of(find(&node, "origin"));
  for (const auto* item : items_of(find(&node, "contains")))
    if (const auto asn = asn_of(item)) match.contains.push_back(*asn);
  match.min_length = number_of<unsigned>(find(&node, "min_length"));
  match.max_length = number_of<unsigned>(find(&node, "max_length"));
  if (match.min_length && match.max_length && *match.min_length > *match.max_length)
    report.error(
        *find(&node, "min_length"),
        fmt::format("min_length {} is above max_length {}, so nothing matches", *match.min_length, *match.max_length),
        "swap the two");
  return match;
}

}  // namespace

PolicyBook::PolicyBook(const Node& file, Report& report) : report_(report) {
  read_sets(file);
  for (const auto& [name, verdict] : {std::pair{kAcceptAll, rib::Verdict::Accept}, {kRejectAll, rib::Verdict::Reject}})
    policies_[std::string(name)] = {built_in(name, verdict), nullptr, true, 0};
  const auto* policies = file.find("policies");
  if (policies == nullptr || policies->kind != Node::Kind::Map) return;
  for (std::size_t i = 0; i < policies->keys.size(); ++i) read_policy(policies->keys[i], policies->items[i]);
}

void PolicyBook::read_sets(const Node& file) {
  if (const auto* sets = find(&file, "sets", "prefixes"); sets != nullptr && sets->kind == Node::Kind::Map)
    for (std::size_t i = 0; i < sets->keys.size(); ++i) {
      std::vector<rib::PrefixRange> ranges;
      for (const auto* item : items_of(&sets->items[i]))
        if (const auto range = value_of<rib::PrefixRange>(item)) ranges.push_back(*range);
      prefix_sets_.try_emplace(sets->keys[i].text, std::move(ranges), &sets->keys[i], false, i);
    }
  if (const auto* sets = find(&file, "sets", "communities"); sets != nullptr && sets->kind == Node::Kind::Map)
    for (std::size_t i = 0; i < sets->keys.size(); ++i) {
      std::vector<rib::AnyCommunity> communities;
      for (const auto* item : items_of(&sets->items[i]))
        if (const auto community = value_of<rib::AnyCommunity>(item)) communities.push_back(*community);
      if (wire::parse_community(sets->keys[i].text))
        report_.error(sets->keys[i], fmt::format("'{}' is the name of a well-known community", sets->keys[i].text),
                      "give the set another name");
      community_sets_.try_emplace(sets->keys[i].text, std::move(communities), &sets->keys[i], false, i);
    }
}

template <class T>
const T* PolicyBook::look_up(std::map<std::string, Named<T>, std::less<>>& in, const Node& name,
                             std::string_view noun) {
  const auto text = value_of<std::string>(&name);
  if (!text) return nullptr;
  if (const auto found = in.find(*text); found != in.end()) {
    found->second.used = true;
    return &found->second.value;
  }
  std::vector<std::string_view> known;
  for (const auto& [each, ignored] : in) known.push_back(each);
  report_.error(name, fmt::format("there is no {} '{}'", noun, *text), suggestion(*text, known));
  return nullptr;
}

std::vector<rib::PrefixRange> PolicyBook::ranges(const Node& node) {
  std::vector<rib::PrefixRange> out;
  for (const auto* item : items_of(&node)) {
    if (const auto range = value_of<rib::PrefixRange>(item)) {
      append(out, {*range});
    } else if (const auto* set = look_up(prefix_sets_, *item, "prefix set")) {
      append(out, *set);
    }
  }
  return out;
}

std::vector<rib::AnyCommunity> PolicyBook::communities(const Node& node) {
  std::vector<rib::AnyCommunity> out;
  for (const auto* item : items_of(&node)) {
    if (const auto community = value_of<rib::AnyCommunity>(item)) {
      append(out, {*community});
    } else if (const auto* set = look_up(community_sets_, *item, "community set")) {
      append(out, *set);
    }
  }
  return out;
}

rib::Match PolicyBook::match(const Node* node) {
  rib::Match match;
  if (node == nullptr) return match;
  if (const auto* prefixes = node->find("prefix")) match.prefix = ranges(*prefixes);
  if (const auto* sources = node->find("source")) {
    match.source.emplace();
    for (const auto* item : items_of(sources))
      if (const auto word = value_of<std::string>(item))
        match.source->push_back(*word == "bgp"   ? rib::RouteSource::Bgp
                                : *word == "api" ? rib::RouteSource::Api
                                                 : rib::RouteSource::Network);
  }
  if (const auto* list = node->find("community")) match.community = communities(*list);
  if (const auto* path = node->find("as_path")) match.as_path = as_path_match(*path, report_);
  if (const auto* hops = node->find("next_hop")) {
    match.next_hop.emplace();
    for (const auto* item : items_of(hops))
      if (const auto prefix = value_of<net::Prefix>(item)) match.next_hop->push_back(*prefix);
  }
  if (const auto* peers = node->find("peer")) {
    match.peer.emplace();
    for (const auto* item : items_of(peers))
      if (const auto name = value_of<std::string>(item)) {
        match.peer->push_back(*name);
        named_peers_.push_back(item);
      }
  }
  match.family = family_of(node->find("family"));
  match.local_pref = number_of<std::uint32_t>(node->find("local_pref"));
  match.med = number_of<std::uint32_t>(node->find("med"));
  return match;
}

rib::Changes PolicyBook::changes(const Node* node) {
  rib::Changes set;
  if (node == nullptr) return set;
  set.local_pref = number_of<std::uint32_t>(node->find("local_pref"));
  set.med = number_of<std::uint32_t>(node->find("med"));
  set.clear_med = value_of<std::string>(node->find("med")) == "none";
  const auto *add = find(node, "communities", "add"), *remove = find(node, "communities", "remove"),
             *replace = find(node, "communities", "replace");
  if (add != nullptr) set.add_communities = communities(*add);
  if (remove != nullptr) set.remove_communities = communities(*remove);
  if (replace != nullptr) set.replace_communities = communities(*replace);
  if (replace != nullptr && (add != nullptr || remove != nullptr))
    report_.error(*replace, "'replace' leaves nothing for 'add' and 'remove' to do",
                  "write all communities under 'replace'");
  if (const auto* prepend = node->find("prepend")) {
    const auto* times = prepend->kind == Node::Kind::Map ? prepend->find("times") : prepend;
    set.prepend = {asn_of(prepend->find("asn")), number_of<unsigned>(times).value_or(1)};
  }
  if (const auto* hop = node->find("next_hop")) {
    if (const auto address = value_of<net::IpAddress>(hop)) {
      set.next_hop = *address;
    } else if (value_of<std::string>(hop)) {
      set.next_hop = rib::NextHopSelf{};
    }
  }
  return set;
}

void PolicyBook::check_statement(const Node& node, const rib::Statement& statement) {
  const auto* hop = statement.set.next_hop ? std::get_if<net::IpAddress>(&*statement.set.next_hop) : nullptr;
  if (hop != nullptr && statement.match.family && hop->family() != *statement.match.family)
    report_.error(
        *find(&node, "set", "next_hop"),
        fmt::format("next hop {} is not of family {}", *hop, net::to_string(*statement.match.family)),
        fmt::format("write an {} address, or another family in 'match'", net::to_string(*statement.match.family)));
  if (statement.match.family && statement.match.prefix) {
    const bool other = std::ranges::none_of(*statement.match.prefix, [&](const rib::PrefixRange& r) {
      return r.prefix.family() == *statement.match.family;
    });
    if (other && !statement.match.prefix->empty())
      report_.error(
          *find(&node, "match", "prefix"),
          fmt::format("no prefix here is of family {}, so nothing matches", net::to_string(*statement.match.family)),
          "leave out 'family'");
  }
  const bool changes_nothing = statement.set == rib::Changes{};
  const auto* set = node.find("set");
  const bool bare = std::ranges::all_of(node.keys, [](const Node& key) { return key.text == "match"; });
  if (bare) report_.error(node, "the statement does nothing", "add 'then: accept', 'then: reject' or 'set'");
  if (statement.then == rib::Verdict::Reject && !changes_nothing)
    report_.warning(*set, "'set' has no effect on routes that are rejected", "remove it");
}

void PolicyBook::read_policy(const Node& key, const Node& statements) {
  rib::Policy policy{key.text, {}};
  if (key.text == kAcceptAll || key.text == kRejectAll) {
    report_.error(key, fmt::format("policy '{}' is built in", key.text), "give yours another name");
    return;
  }
  const Node* last = nullptr;  // nothing comes behind this one
  const auto items = items_of(&statements);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& node = *items[i];
    if (node.kind != Node::Kind::Map) continue;
    rib::Statement statement{fmt::format("{}[{}]", key.text, i), match(node.find("match")), changes(node.find("set")),
                             rib::Verdict::Continue};
    if (const auto then = value_of<std::string>(node.find("then")))
      statement.then = *then == "accept" ? rib::Verdict::Accept : rib::Verdict::Reject;
    check_statement(node, statement);
    if (last != nullptr)
      report_.warning(node, "this statement is never reached",
                      fmt::format("line {} decides every route", last->place.line));
    if (statement.then != rib::Verdict::Continue && statement.match == rib::Match{} && node.find("match") == nullptr)
      last = &node;
    policy.statements.push_back(std::move(statement));
  }
  policies_.try_emplace(key.text, std::move(policy), &key, false, policies_.size());
}

rib::PolicyChain PolicyBook::chain(const Node& names) {
  rib::PolicyChain chain;
  for (const auto* name : items_of(&names))
    if (const auto* policy = look_up(policies_, *name, "policy")) chain.push_back(*policy);
  return chain;
}

rib::PolicyChain PolicyBook::import_chain(const Node& names) {
  for (const auto* name : items_of(&names)) {
    const auto text = value_of<std::string>(name);
    const auto found = text ? policies_.find(*text) : policies_.end();
    if (found == policies_.end()) continue;  // chain() says so
    for (const auto& statement : found->second.value.statements)
      if (statement.set.next_hop && std::holds_alternative<rib::NextHopSelf>(*statement.set.next_hop))
        report_.error(*name,
                      fmt::format("policy '{}' sets 'next_hop: self' in {}, which means nothing on import", *text,
                                  statement.name),
                      "leave it out there, or use that policy in 'export'");
  }
  return chain(names);
}

std::vector<rib::Policy> PolicyBook::policies() const {
  std::vector<const Named<rib::Policy>*> written;
  for (const auto& [name, policy] : policies_)
    if (policy.key != nullptr) written.push_back(&policy);
  std::ranges::sort(written, {}, [](const auto* p) { return p->order; });
  std::vector<rib::Policy> out;
  for (const auto* policy : written) out.push_back(policy->value);
  return out;
}

void PolicyBook::finish(const std::vector<Peer>& peers) {
  std::vector<std::string_view> known;
  for (const auto& peer : peers) known.push_back(peer.name);
  for (const auto* name : named_peers_)
    if (std::ranges::find(known, std::string_view(name->text)) == known.end())
      report_.error(*name, fmt::format("there is no peer '{}'", name->text), suggestion(name->text, known));
  if (report_.has_errors()) return;  // a name misspelt leaves another one unused
  const auto warn = [&](const auto& in, std::string_view noun) {
    for (const auto& [name, each] : in)
      if (!each.used && each.key != nullptr)
        report_.warning(*each.key, fmt::format("nothing uses {} '{}'", noun, name));
  };
  warn(prefix_sets_, "prefix set");
  warn(community_sets_, "community set");
  warn(policies_, "policy");
}

}  // namespace podbgp::config
