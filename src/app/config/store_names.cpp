#include "app/config/store_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "app/config/object_storage.h"

namespace shoal::app {
namespace {

constexpr std::string_view k_section = "stores.";

std::string_view name_in(std::string_view path) {
  path.remove_prefix(k_section.size());
  return path.substr(0, path.find('.'));
}

class Taker {
 public:
  explicit Taker(std::vector<config::Problem>& problems) : problems_(problems) {}

  void take(config::Document& document) {
    std::erase_if(document.leaves, [&](const config::Leaf& leaf) {
      return leaf.path.starts_with(k_section) && !takes(name_in(leaf.path), leaf.where);
    });
  }
  const std::set<std::string, std::less<>>& names() const { return names_; }

 private:
  bool takes(std::string_view name, const std::string& where) {
    if (names_.contains(name)) return true;
    if (!refused_.insert(std::string(name)).second) return false;
    auto wrong = check_store_name(name);
    const bool is_too_much = wrong.empty() && names_.size() == k_max_stores;
    if (is_too_much && !std::exchange(is_full_, true))
      wrong = fmt::format("is one store more than the {} there may be; remove some", k_max_stores);
    if (!wrong.empty())
      problems_.push_back({where, fmt::format("{}{}", k_section, name), std::move(wrong)});
    else if (!is_too_much)
      names_.insert(refused_.extract(std::string(name)));
    return names_.contains(name);
  }

  std::vector<config::Problem>& problems_;
  std::set<std::string, std::less<>> names_;
  std::set<std::string, std::less<>> refused_;
  bool is_full_ = false;
};

/// No shell can name a variable with '-' in it, and no store has '_' in its name.
void spell_as_file(config::Document& environment) {
  for (auto& leaf : environment.leaves) {
    if (!leaf.path.starts_with(k_section)) continue;
    const auto end = k_section.size() + name_in(leaf.path).size();
    for (auto i = k_section.size(); i < end; ++i)
      if (leaf.path[i] == '_') leaf.path[i] = '-';
  }
}

}  // namespace

std::string check_store_name(std::string_view name) {
  constexpr std::size_t k_longest = 32;
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (name == k_local_store)
    return "is the folder below storage.data, which has no settings; give another name";
  // YAML reads it as no name at all.
  if (name == "null") return "is no name of a store; give another name";
  if (is_from_object_storage(name))
    return fmt::format(
        "is a name as object_storage makes them; give one that does not begin with "
        "{}",
        k_from_object_storage);
  const bool right =
      !name.empty() && name.size() <= k_longest && is_alphanumeric(name.front()) &&
      is_alphanumeric(name.back()) &&
      std::ranges::all_of(name, [&](char c) { return is_alphanumeric(c) || c == '-'; });
  return right ? ""
               : "is no name of a store; give 1 to 32 of a-z, 0-9 and, between them, -, such as "
                 "archive";
}

std::vector<StoreConfig> take_store_names(config::Document& file, config::Document& environment,
                                          std::vector<config::Problem>& problems) {
  spell_as_file(environment);
  Taker taker(problems);
  taker.take(file);
  taker.take(environment);
  std::vector<StoreConfig> stores;
  for (const auto& name : taker.names()) stores.emplace_back().name = name;
  return stores;
}

}  // namespace shoal::app
