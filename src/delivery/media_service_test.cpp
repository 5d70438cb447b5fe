#include "delivery/media_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>

#include "base/random.h"
#include "blob/memory_store.h"
#include "delivery/media_response.h"
#include "delivery/playlist_tokens.h"
#include "io/runtime.h"
#include "io/task_group.h"
#include "tests/support/manual_clock.h"
#include "tests/support/media_fixture.h"

namespace shoal::delivery {
namespace {

TEST(PlaylistTokens, are_added_as_peertube_does) {
  EXPECT_EQ(
      add_tokens("#EXTM3U\n\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a,b\"\na-240.m3u8\n", "T"),
      "#EXTM3U\n\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a,b\"\n"
      "a-240.m3u8?videoFileToken=T&reinjectVideoFileToken=true\n");
  EXPECT_EQ(add_tokens("#EXT-X-MAP:URI=\"a.mp4\",BYTERANGE=\"1372@0\"\r\n#EXTINF:4.0,\r\n"
                       "#EXT-X-BYTERANGE:119587@1372\r\na.mp4",
                       "T"),
            "#EXT-X-MAP:URI=\"a.mp4?videoFileToken=T\",BYTERANGE=\"1372@0\"\r\n#EXTINF:4.0,\r\n"
            "#EXT-X-BYTERANGE:119587@1372\r\na.mp4?videoFileToken=T");
  EXPECT_EQ(add_tokens("a.mp4?x=1\n#EXT-X-MAP:URI=\"open", "T"),
            "a.mp4?x=1&videoFileToken=T\n#EXT-X-MAP:URI=\"open");
}

class MediaServiceTest : public testing::Test {
 public:
  MediaServiceTest() {
    index.gate = open.get_future();
    MediaEntry entry;
    entry.name = "v-master.m3u8";
    entry.content_type = "application/vnd.apple.mpegurl";
    entry.etag = "\"1\"";
    entry.size = k_text.size();
    entry.video = video;
    entry.copies = {{"memory", "v-master.m3u8"}};
    index.entries[entry.name] = entry;
    entry.name = "running.m3u8";
    entry.text = std::make_shared<const std::string>(k_text);
    index.entries[entry.name] = entry;
    runtime.run_until_done(put());
  }
  ~MediaServiceTest() override { runtime.run_until_done(service.stop()); }

 protected:
  io::Task<> put() {
    EXPECT_TRUE(co_await store.put_bytes("v-master.m3u8", std::string(k_text), {}));
  }

  io::Task<> ask(std::string name, std::string query, Access how, net::Response& answer) {
    net::Request request;
    request.query = *net::Parameters::parse(query);
    answer = co_await service.serve(request, name, how);
  }
  net::Response get(std::string name, std::string query = {}, Access how = Access::restricted) {
    net::Response answer;
    if (!is_open) open.set_value();
    is_open = true;
    runtime.run_until_done(ask(std::move(name), std::move(query), how, answer));
    return answer;
  }
  std::string token() { return tokens.sign(video, 0, clock.now() + std::chrono::hours{1}); }

  static constexpr std::string_view k_text = "#EXTM3U\nv-240.m3u8\n";
  // Outlives the index, whose pool wakes it.
  io::Runtime runtime{1};
  tests::ManualClock clock;
  SeededRandom random{1};
  Metrics metrics;
  Uuid video = Uuid::generate(random);
  blob::MemoryStore store{"memory", clock};
  StoreDoors doors{.store = &store};
  std::promise<void> open;
  tests::TableIndex index;
  tests::SameVerdict nobody;
  MediaTokens tokens{std::string(32, 's'), clock};
  MediaService service{{.index = index,
                        .access = nobody,
                        .tokens = tokens,
                        .stores = [this](std::string_view) { return &doors; },
                        .clock = clock,
                        .random = random,
                        .metrics = metrics,
                        .executor = runtime.executor(0)}};
  bool is_open = false;
};

TEST_F(MediaServiceTest, a_token_is_added_to_a_private_playlist_that_asks_for_it) {
  for (const std::string name : {"v-master.m3u8", "running.m3u8"}) {
    const std::string query = "videoFileToken=" + token();
    const auto answer = get(name, query + "&reinjectVideoFileToken=true");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(std::get<std::string>(answer.body),
              "#EXTM3U\nv-240.m3u8?" + query + "&reinjectVideoFileToken=true\n");
    EXPECT_EQ(answer.headers.find("Cache-Control"), "private, no-store");
    EXPECT_FALSE(answer.headers.contains("ETag"));
    EXPECT_EQ(body_length(get(name, query)), k_text.size()) << "only where it is asked for";
  }
}

TEST_F(MediaServiceTest, what_is_no_token_is_never_added) {
  EXPECT_EQ(get("v-master.m3u8", "videoFileToken=x&reinjectVideoFileToken=true").status, 403);
  nobody.verdict = ViewerVerdict::allowed;
  const auto answer = get("v-master.m3u8", "videoFileToken=x&reinjectVideoFileToken=true");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(body_length(answer), k_text.size());
}

TEST_F(MediaServiceTest, who_guesses_too_much_is_told_to_wait) {
  nobody.verdict = ViewerVerdict::too_many_tries;
  const auto answer = get("v-master.m3u8");
  EXPECT_EQ(answer.status, 429);
  EXPECT_TRUE(answer.headers.contains("Retry-After"));
}

TEST_F(MediaServiceTest, a_name_that_is_no_media_is_looked_for_only_now_and_then) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("no-such.m3u8").status, 404);
  EXPECT_EQ(index.asked, 1);
  clock.advance(MissingNames::k_keep);
  EXPECT_EQ(get("no-such.m3u8").status, 404);
  EXPECT_EQ(index.asked, 2);
  service.forget_video(video);
  EXPECT_EQ(get("no-such.m3u8").status, 404);
  EXPECT_EQ(index.asked, 3);
}

TEST_F(MediaServiceTest, what_is_known_is_answered_without_asking_the_database) {
  const std::string query = "videoFileToken=" + token();
  EXPECT_EQ(get("v-master.m3u8", query).status, 200);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(get("v-master.m3u8", query).status, 200);
  EXPECT_EQ(index.asked, 1);
  clock.advance(MediaCache::Config().fresh_for);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(get("v-master.m3u8", query).status, 200);
  EXPECT_EQ(index.asked, 2) << "once in the time that an entry is fresh, however many ask";
}

TEST_F(MediaServiceTest, many_who_want_the_same_name_load_it_once) {
  io::TaskGroup group(runtime.executor(0), "test");
  std::vector<net::Response> answers(20);
  for (auto& answer : answers)
    group.spawn(ask("v-master.m3u8", "videoFileToken=" + token(), Access::restricted, answer));
  // One thread: behind this all twenty have asked.
  std::promise<void> passed;
  boost::asio::post(runtime.executor(0), [&passed] { passed.set_value(); });
  passed.get_future().wait();
  open.set_value();
  runtime.run_until_done(group.drain());
  EXPECT_EQ(index.asked, 1);
  for (const auto& answer : answers) EXPECT_EQ(answer.status, 200);
}

TEST(MissingNames, are_bounded) {
  tests::ManualClock clock;
  MissingNames names(clock);
  for (std::size_t i = 0; i <= MissingNames::k_limit; ++i) names.add(std::to_string(i));
  EXPECT_FALSE(names.contains("0"));
  EXPECT_TRUE(names.contains(std::to_string(MissingNames::k_limit)));
}

}  // namespace
}  // namespace shoal::delivery
