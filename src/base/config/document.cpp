#include "base/config/document.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <set>

#include "base/text.h"

namespace shoal::config {
namespace {

constexpr std::size_t k_max_text = 1 << 20;
constexpr std::size_t k_max_nodes = 10'000;
constexpr int k_max_depth = 20;

class Flattener {
 public:
  Flattener(std::string_view file_name, Document& out) : file_name_(file_name), out_(out) {}

  void map(const YAML::Node& node, const std::string& prefix, int depth) {
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!spend(entry.first)) return;
      if (!entry.first.IsScalar()) {
        problem(entry.first, prefix, "a key must be a plain word");
        continue;
      }
      const auto path = prefix.empty() ? entry.first.Scalar() : prefix + "." + entry.first.Scalar();
      if (!seen.insert(path).second) {
        problem(entry.first, path, "is written twice; keep one of the two");
        continue;
      }
      value(entry.second, entry.first, path, depth);
    }
  }

  void value(const YAML::Node& node, const YAML::Node& key, const std::string& path, int depth) {
    switch (node.Type()) {
      case YAML::NodeType::Map:
        if (depth >= k_max_depth) {
          problem(key, path, fmt::format("lies deeper than {} levels", k_max_depth));
        } else {
          map(node, path, depth + 1);
        }
        return;
      case YAML::NodeType::Scalar:
        out_.leaves.push_back({path, Leaf::Kind::scalar, {node.Scalar()}, at(key)});
        return;
      case YAML::NodeType::Sequence:
        list(node, key, path);
        return;
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined:
        out_.leaves.push_back({path, Leaf::Kind::empty, {}, at(key)});
        return;
    }
  }

  void list(const YAML::Node& node, const YAML::Node& key, const std::string& path) {
    Leaf leaf{path, Leaf::Kind::list, {}, at(key)};
    for (const auto& item : node) {
      if (!spend(item)) return;
      if (!item.IsScalar()) {
        problem(item, path, "an item of this list must be a plain text");
        return;
      }
      leaf.values.push_back(item.Scalar());
    }
    out_.leaves.push_back(std::move(leaf));
  }

  void problem(const YAML::Node& node, const std::string& path, std::string message) {
    out_.problems.push_back({at(node), path, std::move(message)});
  }

  std::string at(const YAML::Node& node) const {
    return fmt::format("{}:{}", file_name_, node.Mark().line + 1);
  }

 private:
  /// Aliases may repeat a node without end: what is visited is bounded, not what is written.
  bool spend(const YAML::Node& node) {
    if (++nodes_ <= k_max_nodes) return true;
    if (nodes_ == k_max_nodes + 1)
      problem(node, "", fmt::format("the file has more than {} values", k_max_nodes));
    return false;
  }

  std::string_view file_name_;
  Document& out_;
  std::size_t nodes_ = 0;
};

}  // namespace

bool is_at_or_below(std::string_view path, std::string_view section) {
  return path.starts_with(section) &&
         (path.size() == section.size() || path[section.size()] == '.');
}

Document parse_document(std::string_view yaml, std::string_view file_name) {
  Document document;
  const auto refuse = [&](std::size_t line, std::string message) {
    document.problems.push_back({fmt::format("{}:{}", file_name, line), "", std::move(message)});
  };
  if (yaml.size() > k_max_text) {
    refuse(1, "is larger than 1 MiB; a configuration is a few lines");
    return document;
  }
  if (!is_valid_utf8(yaml)) {
    refuse(1, "is not UTF-8 text; save it as UTF-8");
    return document;
  }
  try {
    const auto root = YAML::Load(std::string(yaml));
    if (root.IsMap()) {
      Flattener(file_name, document).map(root, "", 1);
    } else if (root.IsDefined() && !root.IsNull()) {
      refuse(1, "must be keys and values, such as `listen:` with `  port: 9000` below it");
    }
  } catch (const YAML::Exception& error) {
    document.leaves.clear();
    refuse(static_cast<std::size_t>(error.mark.line) + 1,
           fmt::format("is no YAML from here on: {}", error.msg));
  }
  return document;
}

Document parse_environment(const std::vector<std::string>& environment) {
  constexpr std::string_view k_prefix = "SHOAL__";
  Document document;
  for (const auto& line : environment) {
    const auto equals = line.find('=');
    if (!line.starts_with(k_prefix) || equals == std::string::npos) continue;
    const auto name = std::string_view(line).substr(0, equals);
    std::string path;
    for (std::size_t i = k_prefix.size(); i < name.size(); ++i) {
      if (name.substr(i).starts_with("__")) {
        path += '.';
        ++i;
      } else {
        path += to_lower_ascii(name.substr(i, 1));
      }
    }
    document.leaves.push_back(
        {path, Leaf::Kind::scalar, {line.substr(equals + 1)}, fmt::format("environment {}", name)});
  }
  return document;
}

}  // namespace shoal::config
