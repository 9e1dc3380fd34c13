#include "config/yaml.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "config/report.hpp"
#include "net/utf8.hpp"

namespace podbgp::config {

namespace {

constexpr std::size_t kMaxDepth = 24;  // the deepest key of the file is at 7
constexpr std::size_t kMaxBytes = 8 * 1024 * 1024;

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_sign(std::string_view text) {
  return text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
}

// Whether YAML 1.2's core schema (§10.3.2) takes a plain scalar for something else than text.
bool looks_typed(std::string_view text) {
  static constexpr std::string_view kWords[] = {"true", "True", "TRUE", "false", "False", "FALSE",
                                                ".inf", ".Inf", ".INF", ".nan",  ".NaN",  ".NAN"};
  if (std::ranges::find(kWords, without_sign(text)) != std::end(kWords)) return true;
  if (text.starts_with("0x") || text.starts_with("0o"))
    return text.size() > 2 &&
           std::ranges::all_of(text.substr(2), [](unsigned char c) { return std::isxdigit(c) != 0; });
  text = without_sign(text);
  const auto exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    if (!all_digits(without_sign(text.substr(exponent + 1)))) return false;
    text = text.substr(0, exponent);
  }
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return all_digits(text);
  const auto fraction = text.substr(dot + 1);
  return (dot == 0 || all_digits(text.substr(0, dot))) && (all_digits(fraction) || (fraction.empty() && dot > 0));
}

// Builds the tree; open containers are kept on a stack of copies that are moved into their parents at their end.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(Report& report) : report_(report) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    put(start(Node::Kind::Null, mark, "", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node;
    node.kind = Node::Kind::Broken;
    node.place = place_of(mark);
    report_.error(node, "YAML aliases (*name) are not understood", "use 'groups' and 'sets' for what is said twice");
    put(std::move(node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    auto node = start(Node::Kind::Scalar, mark, tag, anchor);
    node.quoted = tag == "!";
    node.text = text;
    put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(start(Node::Kind::List, mark, tag, anchor), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(start(Node::Kind::Map, mark, tag, anchor), mark);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] Node take() { return std::move(root_); }

 private:
  Node start(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Node node;
    node.kind = kind;
    node.place = place_of(mark);
    if (anchor != 0)
      report_.error(node, "YAML anchors (&name) are not understood", "use 'groups' and 'sets' for what is said twice");
    if (!tag.empty() && tag != "?" && tag != "!")
      report_.error(node, fmt::format("YAML tags are not understood: '{}'", tag), "remove the tag");
    return node;
  }
  void open(Node node, const YAML::Mark& mark) {
    if (open_.size() >= kMaxDepth) throw YAML::ParserException(mark, "nested too deeply");
    open_.push_back(std::move(node));
  }
  void close() {
    auto node = std::move(open_.back());
    open_.pop_back();
    put(std::move(node));
  }
  void put(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& parent = open_.back();
    auto& into =
        parent.kind == Node::Kind::Map && parent.keys.size() == parent.items.size() ? parent.keys : parent.items;
    into.push_back(std::move(node));
  }

  Report& report_;
  std::vector<Node> open_;
  Node root_;
};

std::string hint_for(std::string_view what, std::string_view line) {
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos)
    return "this line is indented with a tab; use spaces";
  if (what.find("map value") != std::string_view::npos)
    return "check the indentation, and put text with ': ' in it into quotes";
  if (what.find("flow") != std::string_view::npos || what.find("end of map") != std::string_view::npos)
    return "check indentation, brackets and braces, and put IPv6 addresses into quotes";
  return "check the indentation, brackets and quotes near this place";
}

std::string_view line_of(std::string_view text, unsigned line) {
  for (; line > 1; --line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

std::optional<Node> refuse(Report& report, Place place, std::string message, std::string hint) {
  report.add(Severity::Error, place, {}, std::move(message), std::move(hint));
  return std::nullopt;
}

// yaml-cpp passes octets on as they are; JSON, logs and the wire want text.
std::optional<Place> find_bad_octet(std::string_view text) {
  Place place;
  for (std::size_t start = 0; start < text.size();) {
    auto end = text.find('\n', start);
    if (end == std::string_view::npos) end = text.size();
    std::string line(text.substr(start, end - start));
    std::ranges::replace_if(line, [](char c) { return c == '\t' || c == '\r'; }, ' ');
    if (net::utf8_printable(line) != line) return place;
    start = end + 1;
    ++place.line;
  }
  return std::nullopt;
}

}  // namespace

bool Node::is_text() const { return kind == Kind::Scalar && (quoted || !looks_typed(text)); }

bool Node::is_integer() const { return kind == Kind::Scalar && !quoted && all_digits(without_sign(text)); }

const Node* Node::find(std::string_view key) const {
  if (kind != Kind::Map) return nullptr;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].kind == Kind::Scalar && keys[i].text == key) return &items[i];
  return nullptr;
}

std::optional<Node> read_yaml(std::string_view text, Report& report) {
  if (text.size() > kMaxBytes) return refuse(report, {}, "the file is larger than 8 MiB", "");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  if (const auto bad = find_bad_octet(text))
    return refuse(report, *bad, "this line holds control characters or octets that are not UTF-8",
                  "save the file as plain UTF-8 text");
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Builder builder(report);
    if (!parser.HandleNextDocument(builder))
      return refuse(report, {}, "the file is empty", "the least it needs: version: 1 and router: { asn: 65001 }");
    auto root = builder.take();
    Builder rest(report);
    if (parser.HandleNextDocument(rest))
      return refuse(report, rest.take().place, "a second YAML document begins here",
                    "one file, one configuration: remove '---'");
    return root;
  } catch (const YAML::Exception& e) {
    return refuse(report, place_of(e.mark), fmt::format("not valid YAML: {}", e.msg),
                  hint_for(e.msg, line_of(text, place_of(e.mark).line)));
  } catch (const std::exception& e) {
    return refuse(report, {}, fmt::format("not valid YAML: {}", e.what()), "");
  }
}

}  // namespace podbgp::config
