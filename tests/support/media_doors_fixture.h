#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "base/text.h"
#include "delivery/media_service.h"
#include "io/runtime.h"
#include "tests/support/manual_clock.h"
#include "tests/support/media_fixture.h"
#include "tests/support/volatile_file_system.h"

namespace shoal::tests {

/// A video's files in two remote stores, "s3" and "archive", and a token for it. With a limit there
/// is a media cache on a disk.
class MediaDoorsFixture : public testing::Test {
 public:
  explicit MediaDoorsFixture(std::uint64_t cache_limit = 0)
      : cache({.folder = files.root() / "media", .limit = cache_limit, .keep_free = 0},
              {files, cache_disk, clock, metrics, runtime.executor(0)}),
        has_cache(cache_limit > 0) {
    service = make_service();
    media_bytes.assign(1'500'000, '?');
    random.fill(std::as_writable_bytes(std::span(media_bytes)));
    add("v-720.mp4", "video/mp4", media_bytes);
    add("v-720.m3u8", "application/vnd.apple.mpegurl", std::string(k_playlist));
    add("v-segments-sha256.json", "application/json", "{}");
    s3.presign = [this](const delivery::PresignRequest& request) -> Result<std::string> {
      if (presign_error) return std::unexpected(*presign_error);
      return fmt::format("https://s3.example/b/{}?life={}&as={}", request.object_key,
                         request.valid_for.count(), url_encode(request.content_disposition));
    };
    s3.is_away = [this] { return s3_is_away; };
    s3.base_prefix = "media/";
  }
  ~MediaDoorsFixture() override {
    runtime.run_until_done(service->stop());
    runtime.run_until_done(cache.stop());
  }

 protected:
  std::unique_ptr<delivery::MediaService> make_service() {
    return std::make_unique<delivery::MediaService>(delivery::MediaService::Services{
        .index = index,
        .access = others,
        .tokens = tokens,
        .stores =
            [this](std::string_view name) {
              return name == "s3" ? &s3 : name == "archive" ? &archive : nullptr;
            },
        .clock = clock,
        .random = random,
        .metrics = metrics,
        .executor = runtime.executor(0),
        .disk = has_cache ? &cache : nullptr});
  }
  void add(const std::string& name, std::string type, const std::string& bytes) {
    delivery::MediaEntry entry;
    entry.name = name;
    entry.content_type = std::move(type);
    entry.etag = "\"1\"";
    entry.modified = clock.now();
    entry.size = bytes.size();
    entry.video = video;
    entry.open_to_all = true;
    entry.download_name = "A clip-720p.mp4";
    entry.copies = {{"s3", "7/" + name, true}};
    index.entries[name] = entry;
    put(s3_store, "7/" + name, bytes);
  }
  void put(RemoteFake& store, const std::string& key, const std::string& bytes) {
    runtime.run_until_done([](RemoteFake& to, std::string at, std::string what) -> io::Task<> {
      SHOAL_CHECK((co_await to.put_bytes(std::move(at), std::move(what), {})).has_value());
    }(store, key, bytes));
  }
  void make_private() {
    for (auto& [name, entry] : index.entries) entry.open_to_all = false;
  }
  /// A second copy of the media file, in "archive".
  void add_archive_copy() {
    index.entries["v-720.mp4"].copies.push_back({"archive", "a/v-720.mp4"});
    put(archive_store, "a/v-720.mp4", media_bytes);
  }

  struct Answer {
    net::Response response;
    std::string body;
    std::optional<Error> broken;
    std::string field(std::string_view name) const {
      return std::string(response.headers.find(name).value_or(""));
    }
  };
  io::Task<> ask(net::Request& request, std::string name, delivery::Access how, Answer& answer) {
    answer.response = co_await service->serve(request, name, how);
    if (request.method == net::Method::head) co_return;
    if (const auto* text = std::get_if<std::string>(&answer.response.body)) answer.body = *text;
    if (const auto* text = std::get_if<std::shared_ptr<const std::string>>(&answer.response.body))
      answer.body = **text;
    auto* source = std::get_if<std::unique_ptr<net::BodySource>>(&answer.response.body);
    std::vector<std::byte> buffer(100'000);
    while (source != nullptr) {
      const auto got = co_await (*source)->read(buffer);
      if (!got) answer.broken = got.error();
      if (!got || *got == 0) break;
      answer.body.append(reinterpret_cast<const char*>(buffer.data()), *got);
    }
  }
  Answer get(const std::string& name, delivery::Access how = delivery::Access::open,
             std::string_view query = {},
             const std::vector<std::pair<std::string, std::string>>& fields = {},
             net::Method method = net::Method::get) {
    net::Request request;
    request.method = method;
    request.query = *net::Parameters::parse(query);
    for (const auto& [field, value] : fields) request.headers.add(field, value);
    Answer answer;
    runtime.run_until_done(ask(request, name, how, answer));
    return answer;
  }
  std::string token(Seconds life = std::chrono::hours{8}) {
    return "videoFileToken=" + tokens.sign(video, 0, clock.now() + life);
  }

  static constexpr std::string_view k_playlist =
      "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:VOD\n"
      "#EXT-X-MAP:URI=\"v-720.mp4\",BYTERANGE=\"1372@0\"\n#EXTINF:4.0,\n"
      "#EXT-X-BYTERANGE:119587@1372\nv-720.mp4\n#EXT-X-ENDLIST\n";
  io::Runtime runtime{1};
  ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  Uuid video = Uuid::generate(random);
  std::string media_bytes;
  RemoteFake s3_store{"s3", clock};
  RemoteFake archive_store{"archive", clock};
  delivery::StoreDoors s3{.store = &s3_store, .is_remote = true};
  delivery::StoreDoors archive{.store = &archive_store, .is_remote = true};
  bool s3_is_away = false;
  std::optional<Error> presign_error;
  TableIndex index;
  SameVerdict others;
  delivery::MediaTokens tokens{std::string(32, 's'), clock};
  VolatileFileSystem files;
  io::Offload cache_disk{"media cache", 2, 100};
  delivery::DiskCache cache;
  bool has_cache;
  std::unique_ptr<delivery::MediaService> service;
};

}  // namespace shoal::tests
