#include <fmt/format.h>

#include "base/config/apply.h"
#include "base/text.h"

namespace shoal::config {
namespace {

/// `webserver:` and deeper headings for the sections of `path` that the last key was not in.
void open_sections(std::string& out, std::vector<std::string_view>& open,
                   const std::vector<std::string_view>& parts) {
  std::size_t same = 0;
  while (same < open.size() && same + 1 < parts.size() && open[same] == parts[same]) ++same;
  open.resize(same);
  for (std::size_t i = same; i + 1 < parts.size(); ++i) {
    out += fmt::format("{:{}}{}:\n", "", i * 2, parts[i]);
    open.push_back(parts[i]);
  }
}

std::string shown(const Key& key) {
  const auto value = format_value(key);
  return key.is_secret && value != "''" ? "'***'" : value;
}

/// A cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string_view first_part(std::string_view path) {
  return path.substr(0, path.find('.'));
}

std::string notes(const Key& key) {
  std::string out = key.description;
  if (key.is_secret) out += " Never shown.";
  if (key.is_runtime) out += " *Run time.*";
  return out;
}

}  // namespace

std::string show(const Schema& schema, const Schema& defaults) {
  std::string out;
  std::vector<std::string_view> open;
  for (const auto& key : schema.keys()) {
    const auto parts = split(key.path, '.');
    open_sections(out, open, parts);
    const Key* original = defaults.find(key.path);
    const bool same = original != nullptr && format_value(*original) == format_value(key);
    out += fmt::format("{:{}}{}: {}{}\n", "", (parts.size() - 1) * 2, parts.back(), shown(key),
                       same ? "  # default" : "");
  }
  return out;
}

std::string reference(const Schema& schema) {
  std::string out =
      "# Configuration reference\n\n"
      "Made from the schema (`shoal config reference`); a test keeps it current.\n\n"
      "One YAML file, `shoal.yaml`. Every key can also come from the environment: the name in\n"
      "capitals after `SHOAL__`, with `__` for each dot (`SHOAL__WEBSERVER__PORT=443`, lists with\n"
      "commas); the environment wins. Names are PeerTube's where the concept is the same. An\n"
      "administrator can change a key marked *run time* while the program runs: the file then\n"
      "gives its first value. Sizes are `10GB` (1 KB is 1024 bytes), durations `5 minutes`.\n"
      "`shoal config check` reads the file as the program would and names all problems at once.\n";
  std::string_view section;
  const auto add_without_effect = [&] {
    for (const auto& [path, why] : schema.without_effect())
      if (first_part(path) == section)
        out += fmt::format("| `{}` | anything | | No effect: {} |\n", path, cell(why));
  };
  for (const auto& key : schema.keys()) {
    const auto of_key = first_part(key.path);
    if (of_key != section) {
      add_without_effect();
      section = of_key;
      out += fmt::format("\n## {}\n\n| key | value | default | meaning |\n|---|---|---|---|\n",
                         section);
    }
    out += fmt::format("| `{}` | {} | `{}` | {} |\n", key.path, cell(expectation(key)),
                       cell(format_value(key)), cell(notes(key)));
  }
  add_without_effect();
  return out;
}

}  // namespace shoal::config
