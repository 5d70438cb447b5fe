#include "tests/support/old_peertube.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/check.h"
#include "base/digest.h"
#include "base/text.h"
#include "media/m3u8/playlist.h"
#include "media/segments_sha256.h"
#include "tests/support/recordings.h"

namespace shoal::tests {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view k_token = "dbaba28fd403075a6d557d12a0ecc20f0acd804b";
constexpr std::string_view k_caption = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n";

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void run(const std::string& command) {
  SHOAL_CHECK(std::system(command.c_str()) == 0);
}

std::string name_in(std::string_view url) {
  return std::string(url.substr(url.rfind('/') + 1));
}

std::string text_of(const json::object& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}

json::object& playlist_of(json::object& video) {
  return video.at("streamingPlaylists").as_array().front().as_object();
}

fs::path hls_folder_in(const fs::path& storage, const std::string& uuid) {
  const fs::path hls = storage / "streaming-playlists" / "hls";
  return uuid == OldPeertube::k_private_uuid ? hls / "private" / uuid : hls / uuid;
}

/// What ffmpeg makes of the recorded videos.
struct Made {
  Made() {
    for (const char* name : {"064-video-get-by-uuid", "074-video-get-private-owner"}) {
      json::object video = recording(name).body.as_object();
      std::string uuid = text_of(video, "uuid");
      videos.emplace(std::move(uuid), std::move(video));
    }
    make_media();
  }
  void make_media() {
    const fs::path web = storage / "web-videos";
    fs::create_directories(web / "private");
    const fs::path source = folder.path() / "source.mp4";
    run(
        fmt::format("ffmpeg -v error -y -f lavfi -i testsrc2=s=640x480:r=25:d=12 -f lavfi -i "
                    "sine=f=440:r=48000:d=12 -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p "
                    "-c:a aac {}",
                    source.string()));
    run(fmt::format("ffmpeg -v error -y -i {} -frames:v 1 -vf scale=280:157 {}", source.string(),
                    (folder.path() / "picture.jpg").string()));
    for (auto& [uuid, video] : videos) {
      make_hls(uuid);
      for (json::value& file : video.at("files").as_array()) {
        const fs::path path = (uuid == OldPeertube::k_private_uuid ? web / "private" : web) /
                              name_in(text_of(file.as_object(), "fileUrl"));
        fs::copy_file(source, path);
        file.as_object()["size"] = fs::file_size(path);
      }
    }
  }

  void make_hls(const std::string& uuid) {
    const fs::path at = hls_folder_in(storage, uuid);
    fs::create_directories(at);
    std::vector<media::FileDigests> digests;
    for (json::value& value : playlist_of(videos.at(uuid)).at("files").as_array()) {
      json::object& file = value.as_object();
      const std::string name = name_in(text_of(file, "fileUrl"));
      const std::string stem = name.substr(0, name.size() - std::string("-fragmented.mp4").size());
      run(fmt::format(
          "cd {} && ffmpeg -v error -y -i {} -vf scale={}:{} -c:v libx264 -preset "
          "ultrafast -g 50 -c:a aac -hls_time 4 -hls_list_size 0 -hls_playlist_type vod "
          "-hls_segment_filename {} -hls_segment_type fmp4 -f hls -hls_flags single_file "
          "{}.m3u8",
          at.string(), (folder.path() / "source.mp4").string(), file.at("width").as_int64(),
          file.at("height").as_int64(), name, stem));
      const std::string bytes = read(at / name);
      file["size"] = bytes.size();
      const auto playlist = media::m3u8::parse_media_playlist(read(at / (stem + ".m3u8")));
      SHOAL_CHECK(playlist.has_value());
      media::FileDigests& list = digests.emplace_back();
      list.file_name = name;
      for (const auto& segment : playlist->segments) {
        const auto range = segment.range.value();
        list.segments.push_back(
            {range.offset, range.offset + range.length - 1,
             Sha256::of(std::string_view(bytes).substr(range.offset, range.length))});
      }
    }
    std::ofstream(at / name_in(text_of(playlist_of(videos.at(uuid)), "segmentsSha256Url")))
        << media::write_segments_sha256(digests);
  }

  TemporaryDirectory folder;
  fs::path storage = folder.path() / "storage";
  std::map<std::string, json::object> videos;
};

net::Response json_answer(const json::value& value) {
  return net::Response::text(200, json::serialize(value), "application/json; charset=utf-8");
}

net::Response nothing(int status) {
  return net::Response::text(status, R"({"error":"no"})", "application/problem+json");
}

/// A recorded answer about a part of a video; the names in it are of this video alone.
net::Response part_answer(const char* name, const std::string& uuid) {
  std::string text = json::serialize(recording(name).body);
  for (const char* const recorded : {"c6339fa0-", "ac453983-", "d6439dbe-"}) {
    const std::size_t at = text.find(recorded);
    if (at != std::string::npos && uuid != OldPeertube::k_public_uuid)
      text.replace(at, 9, uuid.substr(0, 8) + "-");
  }
  return net::Response::text(200, std::move(text), "application/json; charset=utf-8");
}

io::Task<net::Response> give(net::Response response) {
  co_return response;
}

/// A body that promises all and breaks off.
class CutBody final : public net::BodySource {
 public:
  CutBody(std::string sent, std::uint64_t promised) : sent_(std::move(sent)), promised_(promised) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    const std::size_t got = std::min(out.size(), sent_.size() - at_);
    if (got == 0) co_return fail(ErrorCode::unavailable, "cut off");
    std::ranges::copy(std::as_bytes(std::span(sent_)).subspan(at_, got), out.begin());
    at_ += got;
    co_return got;
  }
  std::optional<std::uint64_t> length() const override { return promised_; }

 private:
  const std::string sent_;
  const std::uint64_t promised_;
  std::size_t at_ = 0;
};

}  // namespace

OldPeertube::OldPeertube() {
  // Made once for all tests of a process, each of which may change its own copy.
  static const Made made;
  fs::copy(made.folder.path(), folder_.path(), fs::copy_options::recursive);
  videos_ = made.videos;
  net::ServerConfig config;
  config.port = 0;
  server_ = std::make_unique<net::Server>(
      runtime_, config, [this](net::Request& request) { return give(answer(request)); }, metrics_,
      clock_);
  SHOAL_CHECK(server_->start().has_value());
}

OldPeertube::~OldPeertube() {
  runtime_.run_until_done(server_->stop());
}

std::string OldPeertube::url() const {
  return fmt::format("http://127.0.0.1:{}", server_->port());
}

fs::path OldPeertube::hls_folder(const std::string& uuid) const {
  return hls_folder_in(storage(), uuid);
}

std::vector<std::string> OldPeertube::hls_names(const std::string& uuid) const {
  std::vector<std::string> names;
  json::object video = videos_.at(uuid);
  for (const json::value& file : playlist_of(video).at("files").as_array())
    names.push_back(name_in(text_of(file.as_object(), "fileUrl")));
  return names;
}

void OldPeertube::cut_once(const std::string& part, std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  cuts_[part] = bytes;
}

void OldPeertube::be_busy(int times) {
  const std::scoped_lock lock(mutex_);
  busy_ = times;
}

int OldPeertube::asked(const std::string& part) const {
  const std::scoped_lock lock(mutex_);
  return static_cast<int>(std::ranges::count_if(
      asked_, [&](const Asked& one) { return one.path.find(part) != std::string::npos; }));
}

int OldPeertube::asked_for_ranges(const std::string& part) const {
  const std::scoped_lock lock(mutex_);
  return static_cast<int>(std::ranges::count_if(asked_, [&](const Asked& one) {
    return one.has_range && one.path.find(part) != std::string::npos;
  }));
}

net::Response OldPeertube::send_file(const net::Request& request, const fs::path& path) {
  if (!fs::is_regular_file(path)) return nothing(404);
  std::string bytes = read(path);
  net::Response response = net::Response::text(200, "", "video/mp4");
  if (const auto range = request.headers.find("Range")) {
    const auto first = parse_int(range->substr(6, range->size() - 7)).value_or(0);
    response.status = 206;
    response.headers.add("Content-Range",
                         fmt::format("bytes {}-{}/{}", first, bytes.size() - 1, bytes.size()));
    bytes = bytes.substr(static_cast<std::size_t>(first));
  }
  const std::scoped_lock lock(mutex_);
  for (const auto& [part, size] : cuts_) {
    if (request.path.find(part) == std::string::npos || bytes.size() <= size) continue;
    response.body = std::make_unique<CutBody>(bytes.substr(0, size), bytes.size());
    cuts_.erase(part);
    return response;
  }
  response.body = std::move(bytes);
  return response;
}

net::Response OldPeertube::answer(const net::Request& request) {
  {
    const std::scoped_lock lock(mutex_);
    asked_.push_back({request.path, request.headers.contains("Range")});
    if (busy_ > 0) {
      --busy_;
      net::Response response = net::Response::text(429, "Too many requests", "text/html");
      response.headers.add("Retry-After", "10");
      return response;
    }
  }
  const bool is_root =
      request.headers.find("Authorization").value_or("") == fmt::format("Bearer {}", k_token);
  constexpr std::string_view k_static = "/static/";
  if (request.path.starts_with("/api/v1/")) return answer_api(request, is_root);
  if (request.path.starts_with(k_static)) {
    if (request.path.find("/private/") != std::string::npos && !is_root) return nothing(403);
    return send_file(request, storage() / request.path.substr(k_static.size()));
  }
  if (request.path.starts_with("/lazy-static/video-captions/"))
    return net::Response::text(200, std::string(k_caption), "text/vtt");
  if (request.path.starts_with("/lazy-static/"))
    return send_file(request, folder_.path() / "picture.jpg");
  return nothing(404);
}

net::Response OldPeertube::answer_api(const net::Request& request, bool is_root) {
  const std::string path = request.path.substr(std::string("/api/v1/").size());
  const bool is_first = request.query.find("start").value_or("0") == "0";
  const auto page = [&](const char* name) {
    json::value body = recording(name).body;
    if (!is_first) body.as_object()["data"] = json::array();
    return json_answer(body);
  };
  if (path == "config") return json_answer(recording("014-config").body);
  if (path == "oauth-clients/local") return json_answer(recording("001-oauth-clients-local").body);
  if (path == "users/token") return json_answer(recording("003-users-token-password-ok").body);
  if (path == "video-channels") return page("154-channels-list");
  if (path == "videos") return list(request, is_root);
  if (path.starts_with("videos/")) return answer_video(path.substr(7), is_root);
  if (!is_root) return nothing(401);
  if (path == "users/me") return json_answer(recording("010-users-me-ok").body);
  if (path == "users") return page("167-users-list-admin");
  return nothing(404);
}

net::Response OldPeertube::list(const net::Request& request, bool is_root) {
  if (request.query.find("include") && !is_root) return nothing(401);
  json::array data;
  for (const auto& [uuid, video] : videos_) {
    const bool is_public = video.at("privacy").at("id").as_int64() == 1;
    if (is_public || (is_root && request.query.find("include"))) data.push_back(video);
  }
  if (request.query.find("start").value_or("0") != "0") data.clear();
  return json_answer(json::object{{"total", videos_.size()}, {"data", data}});
}

net::Response OldPeertube::answer_video(const std::string& rest, bool is_root) {
  const std::size_t slash = rest.find('/');
  const auto found = videos_.find(rest.substr(0, slash));
  if (found == videos_.end()) return nothing(404);
  if (found->second.at("privacy").at("id").as_int64() != 1 && !is_root) return nothing(401);
  const std::string part = slash == std::string::npos ? "" : rest.substr(slash + 1);
  if (part.empty()) return json_answer(found->second);
  if (part == "captions") return part_answer("112-captions-list", found->first);
  if (part == "chapters") return part_answer("120-chapters-get", found->first);
  if (part == "storyboards") return part_answer("123-storyboards", found->first);
  if (part == "passwords") {
    return json_answer(json::object{
        {"total", 1}, {"data", json::array{json::object{{"id", 1}, {"password", "open sesame"}}}}});
  }
  return nothing(404);
}

}  // namespace shoal::tests
