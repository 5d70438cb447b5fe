#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "base/random.h"
#include "blob/s3_store.h"
#include "delivery/media_service.h"
#include "io/runtime.h"
#include "io/task_group.h"
#include "net/http/client.h"
#include "tests/support/media_fixture.h"
#include "tests/support/s3_server.h"

namespace shoal::delivery {
namespace {

using testing::HasSubstr;
using tests::S3Server;

/// An hour ago.
class LateClock final : public Clock {
 public:
  UtcTime now() const override { return clock_.now() - std::chrono::hours{1}; }
  SteadyTime steady_now() const override { return clock_.steady_now(); }

 private:
  SystemClock clock_;
};

/// Delivery before a bucket of Ceph's gateway that holds a public and a private file, and a client
/// that is nobody there.
class S3DoorsTest : public testing::Test {
 public:
  S3DoorsTest() {
    bytes.assign(3'000'000, '?');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    blob::S3StoreConfig config;
    config.client.store = "s3";
    config.client.address = *blob::s3::parse_address(server.endpoint(), bucket, "media/", true);
    config.client.credentials = {server.access_key(), server.secret_key(), ""};
    store.emplace(config, blob::S3Store::Services{clock, random, metrics, files, disk});
    late_store.emplace(config, blob::S3Store::Services{late, random, metrics, files, disk});
    runtime.run_until_done(fill());
    add("open.mp4", true);
    add("private.mp4", false);
    doors.presign = [this](const PresignRequest& request) {
      return (is_late ? late_store : store)
          ->presigned_url(request.object_key, request.valid_for, request.content_disposition);
    };
    doors.store = &*store;
    doors.base_urls = &urls;
    doors.base_prefix = "media/";
  }
  ~S3DoorsTest() override { runtime.run_until_done(service.stop()); }

 protected:
  io::Task<> fill() {
    SHOAL_CHECK((co_await store->attach({"instance"})).has_value());
    SHOAL_CHECK((co_await store->put_bytes("open.mp4", bytes, {"video/mp4", true})).has_value());
    SHOAL_CHECK(
        (co_await store->put_bytes("private.mp4", bytes, {"video/mp4", false})).has_value());
    co_await urls.check_all();
  }
  void add(const std::string& name, bool is_open) {
    MediaEntry entry;
    entry.name = name;
    entry.content_type = "video/mp4";
    entry.etag = "\"1\"";
    entry.size = bytes.size();
    entry.video = video;
    entry.open_to_all = is_open;
    entry.download_name = "A clip.mp4";
    entry.copies = {{"s3", name, true}};
    index.entries[name] = entry;
  }

  struct Answer {
    int status = 0;
    net::Headers headers;
    std::string body;
    bool is_broken = false;
    std::string location() const { return std::string(headers.find("Location").value_or("")); }
  };
  io::Task<> ask(std::string name, Access how, std::string range, Answer& answer) {
    net::Request request;
    if (!range.empty()) request.headers.add("Range", range);
    if (!index.entries[name].open_to_all) {
      request.query.add("videoFileToken",
                        tokens.sign(video, 0, clock.now() + std::chrono::hours{8}));
    }
    net::Response response = co_await service.serve(request, name, how);
    answer.status = response.status;
    answer.headers = response.headers;
    auto* source = std::get_if<std::unique_ptr<net::BodySource>>(&response.body);
    std::vector<std::byte> buffer(64 * 1024);
    while (source != nullptr) {
      const auto got = co_await (*source)->read(buffer);
      answer.is_broken = !got;
      if (!got || *got == 0) break;
      answer.body.append(reinterpret_cast<const char*>(buffer.data()), *got);
    }
  }
  Answer get(const std::string& name, Access how, const std::string& range = {}) {
    Answer answer;
    runtime.run_until_done(ask(name, how, range, answer));
    return answer;
  }
  /// What anybody gets at this address.
  Answer fetch(const std::string& url, const std::string& range = {}) {
    Answer answer;
    runtime.run_until_done([](std::string from, std::string part, Answer& to) -> io::Task<> {
      net::ClientRequest request{.url = std::move(from)};
      if (!part.empty()) request.headers.add("Range", part);
      auto response = co_await net::HttpClient().send(std::move(request));
      SHOAL_CHECK(response.has_value());
      to.status = response->status;
      to.headers = response->headers;
      to.body = *co_await net::read_text(*response->body, 4'000'000);
    }(url, range, answer));
    return answer;
  }
  /// Objects, or parts of them, that were asked of the store so far.
  int gets() const {
    const std::string name =
        R"(shoal_store_requests_total{operation="GetObject",outcome="ok",store="s3"} )";
    const std::string rendered = metrics.render();
    const auto at = rendered.find(name);
    return at == std::string::npos ? 0 : std::stoi(rendered.substr(at + name.size()));
  }

  S3Server& server = S3Server::radosgw();
  std::string bucket = server.new_bucket();
  io::Runtime runtime{1};
  SystemClock clock;
  LateClock late;
  SystemRandom random;
  Metrics metrics;
  io::PosixFileSystem files;
  io::Offload disk{"disk", 2, 16};
  std::string bytes;
  std::optional<blob::S3Store> store;
  std::optional<blob::S3Store> late_store;
  bool is_late = false;
  BaseUrls urls{"s3",
                {{.url = server.endpoint() + "/" + bucket,
                  .check_url = server.endpoint() + "/" + bucket + "/media/open.mp4"}},
                clock,
                metrics,
                runtime.executor(0)};
  StoreDoors doors{.is_remote = true};
  Uuid video = Uuid::generate(random);
  tests::TableIndex index;
  tests::SameVerdict others;
  MediaTokens tokens{std::string(32, 's'), clock};
  MediaService service{{.index = index,
                        .access = others,
                        .tokens = tokens,
                        .stores = [this](std::string_view) { return &doors; },
                        .clock = clock,
                        .random = random,
                        .metrics = metrics,
                        .executor = runtime.executor(0)}};
};

TEST_F(S3DoorsTest, through_us_every_range_is_its_bytes) {
  EXPECT_TRUE(get("open.mp4", Access::open).body == bytes);
  const auto part = get("private.mp4", Access::restricted, "bytes=524287-1048576");
  EXPECT_EQ(part.status, 206);
  EXPECT_TRUE(part.body == bytes.substr(524'287, 524'290));
  EXPECT_TRUE(get("open.mp4", Access::open, "bytes=-5").body == bytes.substr(bytes.size() - 5));
}

TEST_F(S3DoorsTest, a_hundred_viewers_of_a_segment_read_it_once) {
  const int before = gets();  // the store's marker was read
  io::TaskGroup viewers(runtime.executor(0), "viewers");
  std::vector<Answer> answers(100);
  for (auto& answer : answers)
    viewers.spawn(ask("open.mp4", Access::open, "bytes=900000-1900000", answer));
  runtime.run_until_done(viewers.drain());
  for (const auto& answer : answers) EXPECT_TRUE(answer.body == bytes.substr(900'000, 1'000'001));
  // The two blocks that it lies in.
  EXPECT_EQ(gets() - before, 2);
}

TEST_F(S3DoorsTest, a_presigned_url_needs_nothing_else_and_the_plain_one_is_refused) {
  doors.restricted_media = Door::presigned;
  const auto sent = get("private.mp4", Access::restricted);
  ASSERT_EQ(sent.status, 302);
  const auto part = fetch(sent.location(), "bytes=10-19");
  EXPECT_EQ(part.status, 206);
  EXPECT_TRUE(part.body == bytes.substr(10, 10));
  EXPECT_TRUE(fetch(sent.location()).body == bytes);
  EXPECT_EQ(fetch(sent.location().substr(0, sent.location().find('?'))).status, 403);
}

TEST_F(S3DoorsTest, a_presigned_download_is_saved_under_its_name) {
  doors.open_media = Door::presigned;
  const auto saved = fetch(get("open.mp4", Access::download).location());
  EXPECT_EQ(saved.status, 200);
  EXPECT_THAT(std::string(saved.headers.find("Content-Disposition").value_or("")),
              HasSubstr("filename=\"A clip.mp4\""));
}

TEST_F(S3DoorsTest, a_presigned_url_ends) {
  doors.restricted_media = Door::presigned;
  is_late = true;
  const auto sent = get("private.mp4", Access::restricted);
  ASSERT_EQ(sent.status, 302);
  EXPECT_EQ(fetch(sent.location()).status, 403);
}

TEST_F(S3DoorsTest, a_base_url_gives_open_media_alone) {
  doors.open_media = doors.restricted_media = Door::redirect;
  const auto sent = get("open.mp4", Access::open);
  EXPECT_EQ(sent.location(), server.endpoint() + "/" + bucket + "/media/open.mp4");
  EXPECT_TRUE(fetch(sent.location()).body == bytes);
  const auto own = get("private.mp4", Access::restricted);
  EXPECT_EQ(own.status, 200);
  EXPECT_TRUE(own.body == bytes);
}

TEST_F(S3DoorsTest, an_object_that_is_gone_is_no_end_of_an_answer) {
  EXPECT_EQ(get("open.mp4", Access::open, "bytes=0-9").status, 206);
  server.request("DELETE", "/" + bucket + "/media/open.mp4");
  const auto answer = get("open.mp4", Access::open, "bytes=2500000-");
  EXPECT_EQ(answer.status, 503) << "its row still says that it is there";
}

}  // namespace
}  // namespace shoal::delivery
