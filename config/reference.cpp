// The key reference of docs/configuration.md, from the table of keys.
#include <set>

#include "config/schema.hpp"
#include "config/shape.hpp"

namespace podbgp::config {

namespace {

using Kind = Shape::Kind;

std::string for_table(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

class Reference {
 public:
  // A section with a table of the keys of `shape`, then one for each record below it that was not shown yet.
  void record(const Shape& shape, const std::string& path, std::string_view title) {
    out_ += fmt::format("\n### {}\n\n| key | value | default | meaning |\n|---|---|---|---|\n", title);
    for (const auto& key : shape.keys)
      out_ += fmt::format("| `{}` | {} | {} | {} |\n", key.name, for_table(key.shape->noun), fallback(key),
                          for_table(key.meaning));
    for (const auto& key : shape.keys)
      below(*key.shape, path.empty() ? std::string(key.name) : path + "." + std::string(key.name));
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  static std::string fallback(const Key& key) {
    if (key.required) return "required";
    return key.fallback.empty() ? "" : for_table(key.fallback);
  }

  void below(const Shape& shape, const std::string& path) {
    switch (shape.kind) {
      case Kind::Record:
        if (shape.definition.empty() || shown_.insert(shape.definition).second) record(shape, path, "`" + path + "`");
        break;
      case Kind::Table: below(*shape.element, path + ".NAME"); break;
      case Kind::List:
      case Kind::Some: below(*shape.element, path + "[]"); break;
      case Kind::Either:
        for (const auto* each : shape.either) below(*each, path);
        break;
      default: break;
    }
  }

  std::string out_;
  std::set<std::string_view> shown_;
};

}  // namespace

std::string reference_markdown() {
  Reference reference;
  reference.record(file_shape(), "", "The file");
  return reference.take();
}

}  // namespace podbgp::config
