#include "config/schema.hpp"

#include <algorithm>
#include <map>

#include "config/json.hpp"
#include "config/scalars.hpp"
#include "config/shape.hpp"

namespace podbgp::config {

namespace {

using Kind = Shape::Kind;

// Whole seconds are the parser's to check: a pattern cannot tell 1500ms from 2000ms.
constexpr std::string_view kDurationPattern = "^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";

// Members of a JSON object in order, values already JSON.
class Object {
 public:
  Object& add(std::string_view name, std::string value) {
    members_.emplace_back(name, std::move(value));
    return *this;
  }
  [[nodiscard]] std::string text(std::size_t indent) const {
    if (members_.empty()) return "{}";
    const std::string pad(indent + 2, ' ');
    std::string out = "{\n";
    for (std::size_t i = 0; i < members_.size(); ++i)
      out += fmt::format("{}{}: {}{}\n", pad, json_quote(members_[i].first), members_[i].second,
                         i + 1 < members_.size() ? "," : "");
    return out + std::string(indent, ' ') + "}";
  }

 private:
  std::vector<std::pair<std::string, std::string>> members_;
};

template <class List, class Text>
std::string array(const List& items, Text text) {
  std::string out = "[";
  for (const auto& item : items) out += (out.size() == 1 ? "" : ", ") + text(item);
  return out + "]";
}

class Writer {
 public:
  std::string file(const Shape& shape) {
    Object root;
    root.add("$schema", json_quote("https://json-schema.org/draft/2020-12/schema"));
    root.add("title", json_quote("podbgp configuration"));
    root.add("type", "\"object\"");
    add_record(root, shape, 0);
    Object definitions;
    for (const auto& [name, text] : definitions_) definitions.add(name, text);
    root.add("$defs", definitions.text(2));
    return root.text(0) + "\n";
  }

 private:
  std::string of(const Shape& shape, std::size_t indent = 0, const Key* key = nullptr) {
    Object out;
    if (key != nullptr) {
      std::string description(key->meaning);
      if (!key->fallback.empty()) description += fmt::format(" Default: {}.", key->fallback);
      out.add("description", json_quote(description));
    }
    if (shape.definition.empty()) {
      fill(out, shape, indent);
    } else {
      const std::string name(shape.definition);
      if (!definitions_.contains(name)) {
        Object definition;
        fill(definition, shape, 4);
        definitions_[name] = definition.text(4);
      }
      out.add("$ref", json_quote("#/$defs/" + name));
    }
    return out.text(indent);
  }

  void fill(Object& out, const Shape& shape, std::size_t indent) {
    const auto words = [](std::string_view word) { return json_quote(word); };
    switch (shape.kind) {
      case Kind::Integer:
        out.add("type", "\"integer\"")
            .add("minimum", fmt::format("{}", shape.min))
            .add("maximum", fmt::format("{}", shape.max));
        break;
      case Kind::Switch: out.add("enum", R"([true, false, "on", "off"])"); break;
      case Kind::Duration: {
        const auto text = fmt::format(R"({{ "type": "string", "pattern": {} }})", json_quote(kDurationPattern));
        out.add("anyOf",
                shape.min == 0 ? fmt::format(R"([{{ "type": "integer", "const": 0 }}, {}])", text) : "[" + text + "]");
        break;
      }
      case Kind::Word: {
        auto list = array(shape.words, words);
        if (std::ranges::find(shape.words, "off") != shape.words.end()) list.insert(list.size() - 1, ", false");
        out.add("enum", list);
        break;
      }
      case Kind::Text: out.add("type", "\"string\"").add("pattern", json_quote(shape.pattern)); break;
      case Kind::List: add_list(out, shape, indent); break;
      case Kind::Some: {
        Object list;
        add_list(list, shape, indent + 4);
        out.add("anyOf",
                fmt::format("[\n{0}{1},\n{0}{2}\n{3}]", std::string(indent + 4, ' '), of(*shape.element, indent + 4),
                            list.text(indent + 4), std::string(indent + 2, ' ')));
        break;
      }
      case Kind::Record: add_record(out.add("type", "\"object\""), shape, indent); break;
      case Kind::Table:
        out.add("type", "\"object\"")
            .add("propertyNames", fmt::format(R"({{ "pattern": {} }})", json_quote(kNamePattern)))
            .add("additionalProperties", of(*shape.element, indent + 2));
        break;
      case Kind::Either: {
        std::string list;
        for (const auto* each : shape.either)
          list += fmt::format("{}\n{}{}", list.empty() ? "" : ",", std::string(indent + 4, ' '), of(*each, indent + 4));
        out.add("anyOf", fmt::format("[{}\n{}]", list, std::string(indent + 2, ' ')));
        break;
      }
    }
  }

  void add_list(Object& out, const Shape& shape, std::size_t indent) {
    out.add("type", "\"array\"").add("items", of(*shape.element, indent + 2)).add("uniqueItems", "true");
    if (shape.min_items > 0) out.add("minItems", fmt::format("{}", shape.min_items));
  }

  void add_record(Object& out, const Shape& shape, std::size_t indent) {
    Object properties;
    std::vector<std::string_view> required;
    for (const auto& key : shape.keys) {
      properties.add(key.name, of(*key.shape, indent + 4, &key));
      if (key.required) required.push_back(key.name);
    }
    out.add("properties", properties.text(indent + 2));
    if (!required.empty()) out.add("required", array(required, [](std::string_view name) { return json_quote(name); }));
    if (shape.exactly_one) out.add("minProperties", "1").add("maxProperties", "1");
    out.add("additionalProperties", "false");
  }

  std::map<std::string, std::string> definitions_;
};

}  // namespace

std::string json_schema() { return Writer().file(file_shape()); }

}  // namespace podbgp::config
