#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shoal::config {

/// Whether `path` is `section` or a key within it.
bool is_at_or_below(std::string_view path, std::string_view section);

/// One thing that is wrong, for a person: where it stands, what it is about, how to mend it.
struct Problem {
  std::string where;  ///< "shoal.yaml:12", "environment SHOAL__LISTEN__PORT"
  std::string key;    ///< may be empty
  std::string message;

  std::string text() const { return where + ": " + (key.empty() ? "" : key + ": ") + message; }
};

/// A value as it was written, before its type is known.
struct Leaf {
  enum class Kind { scalar, list, empty };
  std::string path;
  Kind kind = Kind::scalar;
  std::vector<std::string> values;  ///< one for a scalar
  std::string where;
};

/// The YAML text as leaves in the order of the file. Bounded: 1 MiB of text, 10,000 nodes, 20
/// levels. What is no mapping of scalars and lists of scalars becomes a problem; the rest is still
/// read. Pure, any thread.
struct Document {
  std::vector<Leaf> leaves;
  std::vector<Problem> problems;
};
Document parse_document(std::string_view yaml, std::string_view file_name);

/// "SHOAL__WEBSERVER__PORT=443" lines -> leaves; other variables are left alone. A list is written
/// with commas.
Document parse_environment(const std::vector<std::string>& environment);

}  // namespace shoal::config
