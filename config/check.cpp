#include "config/check.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "config/scalars.hpp"
#include "config/suggest.hpp"
#include "net/utf8.hpp"

namespace podbgp::config {

namespace {

using Kind = Shape::Kind;

std::string shortened(std::string_view text) {
  constexpr std::size_t kMost = 40;
  return text.size() <= kMost ? std::string(text) : std::string(net::utf8_prefix(text, kMost)) + "…";
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null: return "nothing";
    case Node::Kind::List: return "a list";
    case Node::Kind::Map: return "a map of keys";
    default: break;
  }
  if (node.quoted) return fmt::format("the text \"{}\"", shortened(node.text));
  return fmt::format("'{}'", shortened(node.text));
}

void wrong_type(const Node& node, const Shape& shape, Report& report, std::string hint = {}) {
  if (hint.empty() && node.kind == Node::Kind::Null) hint = "write a value, or remove the key";
  if (hint.empty() && node.kind != Node::Kind::List && (shape.kind == Kind::List)) hint = "put it into [ ]";
  if (shape.hidden)
    return report.error(node, fmt::format("expected {}", shape.noun),
                        "write e.g. '{ file: /etc/podbgp/NAME.key }', never the secret itself");
  report.error(node, fmt::format("expected {}, found {}", shape.noun, describe(node)), std::move(hint));
}

void check_integer(Node& node, const Shape& shape, Report& report) {
  if (std::ranges::find(shape.words, node.text) != shape.words.end() && node.is_text())
    return report.error(node, fmt::format("'{}' is not in this version", node.text),
                        fmt::format("write {}", shape.noun));
  if (!node.is_integer()) {
    const bool digits = !node.text.empty() && node.text.find_first_not_of("0123456789") == std::string::npos;
    return wrong_type(node, shape, report, node.kind == Node::Kind::Scalar && digits ? "remove the quotes" : "");
  }
  std::string_view digits = node.text;
  const bool plus = digits.starts_with('+');
  if (plus) digits.remove_prefix(1);
  const auto unsigned_digits = digits.starts_with('-') ? digits.substr(1) : digits;
  if (unsigned_digits.size() > 1 && unsigned_digits.front() == '0') {
    const auto nonzero = std::min(unsigned_digits.find_first_not_of('0'), unsigned_digits.size() - 1);
    return report.error(
        node, fmt::format("'{}' begins with 0", node.text),
        fmt::format("some readers of YAML take that for octal; write {}", unsigned_digits.substr(nonzero)));
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || value < shape.min || value > shape.max)
    return report.error(node, fmt::format("{} is out of range", shortened(node.text)),
                        fmt::format("expected {}", shape.noun));
  node.value = value;
}

void check_switch(Node& node, const Shape& shape, Report& report) {
  const auto& t = node.text;
  if (node.kind != Node::Kind::Scalar || node.quoted)
    return wrong_type(node, shape, report, node.quoted ? "remove the quotes" : "");
  if (t == "true" || t == "on") {
    node.value = true;
  } else if (t == "false" || t == "off") {
    node.value = false;
  } else {
    const bool yes = t == "yes" || t == "True" || t == "TRUE" || t == "1" || t == "enabled";
    const bool no = t == "no" || t == "False" || t == "FALSE" || t == "0" || t == "disabled";
    wrong_type(node, shape, report, yes ? "write on or true" : no ? "write off or false" : "");
  }
}

void check_duration(Node& node, const Shape& shape, Report& report) {
  if (node.is_integer() && node.text == "0" && shape.min == 0) {
    node.value = std::chrono::milliseconds(0);
    return;
  }
  if (node.is_integer())
    return report.error(node, fmt::format("'{}' has no unit", node.text), fmt::format("write e.g. {}s", node.text));
  const auto duration = node.kind == Node::Kind::Scalar ? parse_duration(node.text) : std::nullopt;
  if (!duration)
    return wrong_type(node, shape, report, node.kind == Node::Kind::Scalar ? "write e.g. 9s, 1m30s or 2h" : "");
  const auto milliseconds = duration->count();
  if (milliseconds % 1000 != 0)
    return report.error(node, fmt::format("'{}' is no whole number of seconds", node.text),
                        fmt::format("expected {}", shape.noun));
  if (milliseconds / 1000 < shape.min || milliseconds / 1000 > shape.max)
    return report.error(node, fmt::format("'{}' is out of range", node.text), fmt::format("expected {}", shape.noun));
  node.value = *duration;
}

void check_word(Node& node, const Shape& shape, Report& report) {
  const bool off = node.kind == Node::Kind::Scalar && !node.quoted && node.text == "false";
  const std::string_view text = off ? "off" : std::string_view(node.text);
  if (node.kind == Node::Kind::Scalar && std::ranges::find(shape.words, text) != shape.words.end()) {
    node.value = std::string(text);
    return;
  }
  const auto near = node.kind == Node::Kind::Scalar ? nearest(text, shape.words) : std::string_view{};
  wrong_type(node, shape, report, near.empty() ? "" : fmt::format("did you mean '{}'?", near));
}

void check_text(Node& node, const Shape& shape, Report& report) {
  if (node.kind != Node::Kind::Scalar) return wrong_type(node, shape, report);
  auto parsed = shape.parse(node.text);
  if (!node.is_text()) return wrong_type(node, shape, report, parsed ? "put it into quotes" : "");
  if (!parsed) return report.error(node, std::move(parsed.error().message), std::move(parsed.error().hint));
  node.value = std::move(*parsed);
}

void check_list(Node& node, const Shape& shape, Report& report) {
  if (shape.kind == Kind::Some && node.kind != Node::Kind::List) {
    if (node.kind == Node::Kind::Scalar) return check(node, *shape.element, report);
    return wrong_type(node, shape, report);
  }
  if (node.kind != Node::Kind::List) return wrong_type(node, shape, report);
  if (node.items.size() < shape.min_items)
    report.error(node, "the list is empty", fmt::format("expected {}", shape.noun));
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    auto& item = node.items[i];
    item.path = fmt::format("{}[{}]", node.path, i);
    check(item, *shape.element, report);
    if (std::holds_alternative<std::monostate>(item.value)) continue;
    for (std::size_t j = 0; j < i; ++j)
      if (node.items[j].value == item.value) {
        report.error(item, fmt::format("'{}' is in the list twice", item.text), "remove one");
        break;
      }
  }
}

// Path and duplicates of a map's keys. False: the key is nothing to go on with.
bool check_key(Node& node, std::size_t i, std::map<std::string_view, unsigned>& seen, Report& report) {
  auto& key = node.keys[i];
  if (key.kind != Node::Kind::Scalar) {
    key.path = node.path;
    if (key.kind != Node::Kind::Broken) report.error(key, fmt::format("a key must be a word, found {}", describe(key)));
    return false;
  }
  const bool simple = !key.text.empty() && key.text.find_first_of(". []:\"") == std::string::npos;
  const auto step = simple ? key.text : fmt::format("[{}]", shortened(key.text));
  key.path = node.path.empty() ? step : node.path + (simple ? "." : "") + step;
  node.items[i].path = key.path;
  const auto [earlier, fresh] = seen.emplace(key.text, key.place.line);
  if (!fresh) {
    report.error(key, fmt::format("duplicate key '{}'", shortened(key.text)),
                 fmt::format("it is already given in line {}; remove one", earlier->second));
    return false;
  }
  return true;
}

void unknown_key(const Node& key, const Shape& shape, Report& report) {
  const auto& name = key.text;
  const auto refused = std::ranges::find(shape.refused, std::string_view(name), &RefusedKey::name);
  if (refused != shape.refused.end()) {
    auto message =
        refused->later ? fmt::format("'{}' is not in this version", name) : fmt::format("unknown key '{}'", name);
    return report.error(key, std::move(message), std::string(refused->remedy));
  }
  std::vector<std::string_view> names;
  std::string_view home;
  for (const auto& known : shape.keys) {
    names.push_back(known.name);
    if (known.shape->kind == Kind::Record && known.shape->find(name) != nullptr && home.empty()) home = known.name;
  }
  auto hint = home.empty() ? suggestion(name, names) : fmt::format("it belongs into '{}'", home);
  report.error(key, fmt::format("unknown key '{}'", shortened(name)), std::move(hint));
}

std::string how_to_add(const Key& key) {
  const bool fixed = key.shape->kind == Kind::Integer && key.shape->min == key.shape->max;
  return fixed ? fmt::format("add '{}: {}'", key.name, key.shape->min)
               : fmt::format("add '{}: …', {}", key.name, key.shape->noun);
}

void check_record(Node& node, const Shape& shape, Report& report) {
  if (node.kind != Node::Kind::Map) return wrong_type(node, shape, report);
  std::map<std::string_view, unsigned> seen;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    if (!check_key(node, i, seen, report)) continue;
    if (const auto* known = shape.find(node.keys[i].text)) {
      check(node.items[i], *known->shape, report);
    } else {
      unknown_key(node.keys[i], shape, report);
    }
  }
  for (const auto& key : shape.keys)
    if (key.required && !seen.contains(key.name) && !seen.contains(key.excuse) && !excused(key.name, shape, node))
      report.error(node, fmt::format("'{}' is missing", key.name), how_to_add(key));
}

void check_table(Node& node, const Shape& shape, Report& report) {
  if (node.kind != Node::Kind::Map) return wrong_type(node, shape, report);
  std::map<std::string_view, unsigned> seen;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    if (!check_key(node, i, seen, report)) continue;
    if (auto name = parse_name(node.keys[i].text); !name)
      report.error(node.keys[i], std::move(name.error().message), std::move(name.error().hint));
    check(node.items[i], *shape.element, report);
  }
}

bool fits(const Node& node, const Shape& shape) {
  switch (shape.kind) {
    case Kind::Record:
    case Kind::Table: return node.kind == Node::Kind::Map;
    case Kind::List: return node.kind == Node::Kind::List;
    case Kind::Some: return node.kind == Node::Kind::List || node.kind == Node::Kind::Scalar;
    case Kind::Integer:
    case Kind::Duration: return node.is_integer();
    case Kind::Word: {
      const bool off = node.text == "false" && !node.quoted;
      return node.kind == Node::Kind::Scalar &&
             std::ranges::find(shape.words, off ? "off" : std::string_view(node.text)) != shape.words.end();
    }
    case Kind::Text: return node.is_text();
    default: return false;
  }
}

void check_either(Node& node, const Shape& shape, Report& report) {
  for (const auto* candidate : shape.either)
    if (fits(node, *candidate)) return check(node, *candidate, report);
  wrong_type(node, shape, report);
}

}  // namespace

bool excused(std::string_view missing, const Shape& shape, const Node& map) {
  return std::ranges::any_of(map.keys, [&](const Node& key) {
    const auto refused = std::ranges::find(shape.refused, std::string_view(key.text), &RefusedKey::name);
    if (refused != shape.refused.end()) return refused->remedy.find(missing) != std::string_view::npos;
    return shape.find(key.text) == nullptr && nearest(key.text, {missing}) == missing;
  });
}

void check(Node& node, const Shape& shape, Report& report) {
  if (node.kind == Node::Kind::Broken) return;
  switch (shape.kind) {
    case Kind::Integer: return check_integer(node, shape, report);
    case Kind::Switch: return check_switch(node, shape, report);
    case Kind::Duration: return check_duration(node, shape, report);
    case Kind::Word: return check_word(node, shape, report);
    case Kind::Text: return check_text(node, shape, report);
    case Kind::List:
    case Kind::Some: return check_list(node, shape, report);
    case Kind::Record: return check_record(node, shape, report);
    case Kind::Table: return check_table(node, shape, report);
    case Kind::Either: return check_either(node, shape, report);
  }
}

}  // namespace podbgp::config
