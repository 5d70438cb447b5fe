#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/config/document.h"

namespace shoal::app {

/// Where each key was written, for problems that concern several keys. Immutable value.
class Places {
 public:
  /// The environment wins over the file, so it is blamed first.
  Places(std::vector<config::Leaf> environment, std::vector<config::Leaf> file)
      : leaves_(std::move(environment)) {
    std::ranges::move(file, std::back_inserter(leaves_));
  }

  bool is_named(std::string_view key) const {
    return std::ranges::find(leaves_, key, &config::Leaf::path) != leaves_.end();
  }
  /// "shoal.yaml:12" of the key; else of the first key in the same section, or in one around it.
  std::string where(std::string_view key) const {
    const auto named = std::ranges::find(leaves_, key, &config::Leaf::path);
    if (named != leaves_.end()) return named->where;
    for (auto section = outer(key); !section.empty(); section = outer(section)) {
      const auto beside = std::ranges::find_if(leaves_, [&](const config::Leaf& leaf) {
        return config::is_at_or_below(leaf.path, section);
      });
      if (beside != leaves_.end()) return beside->where;
    }
    return "configuration";
  }

 private:
  static std::string_view outer(std::string_view path) {
    const auto dot = path.rfind('.');
    return path.substr(0, dot == std::string_view::npos ? 0 : dot);
  }

  std::vector<config::Leaf> leaves_;
};

/// The problems of one reading, with the place of the key each is about.
class Complaints {
 public:
  Complaints(const Places& places, std::vector<config::Problem>& problems)
      : places_(places), problems_(problems) {}

  const Places& places() const { return places_; }
  void add(std::string_view key, std::string message) {
    problems_.push_back({places_.where(key), std::string(key), std::move(message)});
  }
  /// For a value that is missing: not when what is written there was refused already.
  void add_unless_refused(std::string_view key, std::string message) {
    if (std::ranges::find(problems_, key, &config::Problem::key) == problems_.end())
      add(key, std::move(message));
  }

 private:
  const Places& places_;
  std::vector<config::Problem>& problems_;
};

}  // namespace shoal::app
