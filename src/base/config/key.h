#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/units.h"

namespace shoal::config {

/// A size that may be without limit.
struct Quota {
  static constexpr std::int64_t k_unlimited = -1;
  std::int64_t bytes = k_unlimited;
  friend bool operator==(const Quota&, const Quota&) = default;
};

/// Where the value of one key lives: a member of the caller's struct. What stands there before
/// anything is read is the default; the type decides what may be written.
using Target = std::variant<bool*, std::int64_t*, std::string*, std::vector<std::string>*,
                            ByteCount*, Quota*, Milliseconds*>;

/// Says what is wrong with a text (a whole sentence part: "is no host name; give …"), or nothing.
using TextCheck = std::string (*)(std::string_view text);

/// One entry of the schema. The chained setters are for the tables of app/config.
struct Key {
  std::string path;  ///< "webserver.port"
  Target target;
  std::string description;
  std::int64_t min = INT64_MIN;  ///< of numbers, sizes and durations (milliseconds)
  std::int64_t max = INT64_MAX;
  std::vector<std::string> choices{};
  TextCheck check = nullptr;  ///< of a text, and of each item of a list
  bool is_secret = false;     ///< never shown
  bool is_runtime = false;    ///< an administrator may change it while the program runs
  std::optional<std::string> null_value{};  ///< what YAML's null is read as; else it is refused

  Key& range(std::int64_t low, std::int64_t high) {
    min = low;
    max = high;
    return *this;
  }
  Key& one_of(std::vector<std::string> values) {
    choices = std::move(values);
    return *this;
  }
  Key& checked_by(TextCheck function) {
    check = function;
    return *this;
  }
  Key& secret() {
    is_secret = true;
    return *this;
  }
  Key& runtime() {
    is_runtime = true;
    return *this;
  }
  Key& null_means(std::string value) {
    null_value = std::move(value);
    return *this;
  }
};

/// The schema: every key that may be written, in the order of the reference page. Its targets point
/// into one struct, which must outlive it. Confined to one thread.
class Schema {
 public:
  template <class T>
  Key& add(std::string_view path, T& target, std::string_view description) {
    return keys_.emplace_back(
        Key{.path = std::string(path), .target = &target, .description = std::string(description)});
  }
  /// A key or section of PeerTube's that means nothing here, and why.
  void foreign(std::string_view path, std::string_view why) { foreign_.push_back({path, why}); }
  /// A key or section that may be written and changes nothing, and why.
  void without_effect(std::string_view path, std::string_view why) {
    without_effect_.push_back({path, why});
  }
  /// A section of sections that the administrator names. It may be empty; the keys of those that
  /// there are have been added like any other.
  void named_sections(std::string_view path) { named_sections_.push_back(path); }

  const std::vector<Key>& keys() const { return keys_; }
  const Key* find(std::string_view path) const;
  /// Whether some key lies, or may lie, under `path`.
  bool has_section(std::string_view path) const;
  /// The nearest path to a misspelt one; empty when none is near.
  std::string nearest(std::string_view path) const;
  /// Why `path` (or a section it lies in) is not ours; empty when it is just unknown.
  std::string_view why_foreign(std::string_view path) const;
  bool is_without_effect(std::string_view path) const;

  struct Remark {
    std::string_view path;
    std::string_view why;
  };
  const std::vector<Remark>& without_effect() const { return without_effect_; }

 private:
  std::vector<Key> keys_;
  std::vector<Remark> foreign_;
  std::vector<Remark> without_effect_;
  std::vector<std::string_view> named_sections_;
};

/// "whole number", "size such as 10GB", …
std::string_view type_name(const Target& target);
/// What may be written, for a message or the reference: "a whole number from 1 to 65535".
std::string expectation(const Key& key);
/// The current value as it would be written in YAML; lists as a flow sequence.
std::string format_value(const Key& key);

}  // namespace shoal::config
