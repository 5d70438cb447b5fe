#include "storage/file_kind.h"

#include <array>

namespace shoal::storage {
namespace {

struct NamedKind {
  FileKind kind;
  std::string_view word;
};
constexpr std::array k_kinds{
    NamedKind{FileKind::original, "original"},
    NamedKind{FileKind::rendition, "rendition"},
    NamedKind{FileKind::playlist, "playlist"},
    NamedKind{FileKind::segments_sha256, "segments-sha256"},
    NamedKind{FileKind::thumbnail, "thumbnail"},
    NamedKind{FileKind::preview, "preview"},
    NamedKind{FileKind::storyboard, "storyboard"},
    NamedKind{FileKind::caption, "caption"},
};

}  // namespace

std::optional<FileKind> parse_kind(std::string_view word) {
  for (const NamedKind& known : k_kinds)
    if (known.word == word) return known.kind;
  return std::nullopt;
}

std::string_view to_string(FileKind kind) {
  for (const NamedKind& known : k_kinds)
    if (known.kind == kind) return known.word;
  return "running";
}

}  // namespace shoal::storage
