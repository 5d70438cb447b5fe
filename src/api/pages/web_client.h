#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "io/file_system.h"

namespace shoal::api {

/// A file of the built web client, opened once: what is served stays whole while a new build
/// replaces the folder.
struct Asset {
  std::shared_ptr<io::File> file;
  std::uint64_t size = 0;
  std::string content_type;
  std::string etag;        ///< quoted, of size and time
  bool immutable = false;  ///< its name carries a hash of its content
};

/// index.html or embed.html around the place for the head.
struct PageTemplate {
  std::string before;
  std::string after;
};

/// The built web client (web/dist), read at start. Immutable, any thread.
class WebClient {
 public:
  /// Bounds what a wrong folder can do.
  static constexpr std::size_t k_max_files = 2'000;

  /// Without the folder nothing is served; a warning says so.
  static WebClient load(const std::string& folder);

  /// Nothing when there is no built client.
  const PageTemplate* index() const { return index_ ? &*index_ : nullptr; }
  const PageTemplate* embed() const { return embed_ ? &*embed_ : nullptr; }
  /// `path` below the folder, without slash at the start.
  const Asset* find(std::string_view path) const;

 private:
  void add(const std::string& path, const std::string& name);

  std::optional<PageTemplate> index_;
  std::optional<PageTemplate> embed_;
  std::unordered_map<std::string, Asset> assets_;
};

}  // namespace shoal::api
