#include "api/pages/web_client.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/log.h"

namespace shoal::api {
namespace {

constexpr std::string_view k_marker = "<!-- shoal:head -->";
constexpr std::uint64_t k_max_page = 1 << 20;

struct Type {
  std::string_view extension;
  std::string_view content_type;
};
constexpr Type k_types[] = {
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".html", "text/html; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
};

/// A precompressed sibling has the type of what it compresses.
std::string content_type_of(std::string_view name) {
  for (const std::string_view suffix : {".br", ".gz"}) {
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  for (const Type& type : k_types) {
    if (name.ends_with(type.extension)) return std::string(type.content_type);
  }
  return "application/octet-stream";
}

std::optional<PageTemplate> load_page(const std::string& path) {
  io::PosixFileSystem files;
  const auto text = io::read_whole(files, path, k_max_page);
  if (!text) return std::nullopt;
  const std::size_t at = text->find(k_marker);
  if (at == std::string::npos) {
    log::warn("a page of the web client has no place for its head", {{"file", path}});
    return std::nullopt;
  }
  return PageTemplate{text->substr(0, at), text->substr(at + k_marker.size())};
}

}  // namespace

WebClient WebClient::load(const std::string& folder) {
  WebClient client;
  if (folder.empty()) return client;
  client.index_ = load_page(folder + "/index.html");
  client.embed_ = load_page(folder + "/embed.html");
  if (!client.index_) {
    log::warn("no web client is served: its folder holds no built one", {{"folder", folder}});
  }
  std::error_code error;
  const std::filesystem::path root(folder);
  for (auto at = std::filesystem::recursive_directory_iterator(root, error);
       !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
    if (client.assets_.size() >= k_max_files) break;
    if (!at->is_regular_file(error)) continue;
    client.add(at->path().string(), std::filesystem::relative(at->path(), root, error).string());
  }
  return client;
}

void WebClient::add(const std::string& path, const std::string& name) {
  // The pages themselves are never served without their head.
  if (name == "index.html" || name == "embed.html") return;
  io::PosixFileSystem files;
  auto file = files.open(path, io::OpenMode::read);
  const auto status = files.status(path);
  if (!file || !status) return;
  Asset asset;
  asset.file = std::move(*file);
  asset.size = status->size;
  asset.content_type = content_type_of(name);
  asset.etag = fmt::format("\"{:x}-{:x}\"", status->size, to_millis(status->modified));
  asset.immutable = name.starts_with("assets/");
  assets_.emplace(name, std::move(asset));
}

const Asset* WebClient::find(std::string_view path) const {
  const auto found = assets_.find(std::string(path));
  return found == assets_.end() ? nullptr : &found->second;
}

}  // namespace shoal::api
