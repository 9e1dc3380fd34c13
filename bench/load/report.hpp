#pragma once

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace podbgp::bench {

// Named numbers of one run, printed as one JSON object in the order in which they were put in. Units are in the names.
class Report {
 public:
  void put(const std::string& name, double value) { values_.emplace_back(name, value); }
  std::string json() const {
    std::string out = "{";
    for (const auto& [name, value] : values_) {
      char number[64];
      std::snprintf(number, sizeof number, "%.16g", value);
      out += (out.size() > 1 ? ", \"" : "\"") + name + "\": " + number;
    }
    return out + "}";
  }

 private:
  std::vector<std::pair<std::string, double>> values_;
};

}  // namespace podbgp::bench
