// The files that these tests read: examples, broken ones, documents.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace podbgp::config::test {

inline std::filesystem::path root() {
  return PODBGP_SOURCE_DIR;  // not __FILE__: a compiler cache may make that relative
}

inline std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  return content.str();
}

inline std::vector<std::filesystem::path> yaml_files(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(root() / folder))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

// A document that is made from the code: compared, or written anew with PODBGP_UPDATE=1 in the environment.
inline std::string made_document(const std::filesystem::path& path, const std::string& made) {
  if (std::getenv("PODBGP_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << made;
  return read(path);
}

}  // namespace podbgp::config::test
