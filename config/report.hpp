// Collects what is found wrong with a file while it is read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/yaml.hpp"

namespace podbgp::config {

class Report {
 public:
  void error(const Node& where, std::string message, std::string hint = {}) {
    add(Severity::Error, where.place, where.path, std::move(message), std::move(hint));
  }
  void warning(const Node& where, std::string message, std::string hint = {}) {
    add(Severity::Warning, where.place, where.path, std::move(message), std::move(hint));
  }
  // The same finding at the same place twice (a group's key, seen from each of its peers) is kept once.
  void add(Severity severity, Place place, std::string path, std::string message, std::string hint);

  [[nodiscard]] bool has_errors() const { return errors_; }
  // In the order of the file; columns are turned from octets into characters.
  [[nodiscard]] std::vector<Diagnostic> finish(std::string_view text, std::string_view file_name);

 private:
  std::vector<Diagnostic> found_;
  bool errors_ = false;
};

}  // namespace podbgp::config
