// The shape of a configuration file as data. keys.cpp holds the one table of this form; the parser (check.cpp), its
// suggestions, the JSON Schema and the reference in docs/configuration.md all walk it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.hpp"
#include "net/result.hpp"

namespace podbgp::config {

struct Shape;

struct Key {
  std::string_view name = {};
  const Shape* shape = nullptr;
  std::string_view fallback = {};  // the default as one would write it, or in words; "" = none
  std::string_view meaning = {};   // one sentence for the reference and for editors
  bool required = false;
  std::string_view excuse = {};  // required, but beside this key the builder says better what is missing
};

// A key that is refused although we know what is meant.
struct RefusedKey {
  std::string_view name;
  std::string_view remedy;  // what to do instead
  bool later = true;        // "not in this version"; else a word of other daemons, or of another place
};

// Text → value, or what is wrong with it and the remedy.
struct TextError {
  std::string message;
  std::string hint;
};
using TextResult = net::Result<Value, TextError>;
using TextParser = TextResult (*)(std::string_view text);

struct Shape {
  enum class Kind : std::uint8_t {
    Integer,   // min..max, decimal
    Switch,    // true, false, on, off
    Duration,  // "1m30s": whole seconds, min..max; a plain 0 where min is 0
    Word,      // one of words
    Text,      // what `parse` takes; `pattern` says nearly the same for the schema
    List,      // of element, at least min_items, no item twice
    Some,      // one element or a list of them
    Record,    // keys
    Table,     // names of the user's choice, each with an element
    Either,    // the first of `either` that fits what was written
  } kind = Kind::Text;
  std::string_view noun = {};  // behind "expected": "a port (1..65535)"
  std::int64_t min = 0, max = 0;
  std::vector<std::string_view> words = {};  // Word; Integer: words that a later version will know
  TextParser parse = nullptr;
  std::string_view pattern = {};
  std::size_t min_items = 0;
  const Shape* element = nullptr;
  std::vector<const Shape*> either = {};
  std::vector<Key> keys = {};
  std::vector<RefusedKey> refused = {};
  bool hidden = false;               // what was written is never shown
  bool exactly_one = false;          // Record: one of its keys, and only one
  std::string_view definition = {};  // name under $defs where the shape is used more than once
  std::string_view name_noun = {};   // Table: "group name"

  [[nodiscard]] const Key* find(std::string_view name) const;
};

// The whole file.
[[nodiscard]] const Shape& file_shape();

}  // namespace podbgp::config
