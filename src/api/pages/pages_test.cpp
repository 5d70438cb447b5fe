#include <fstream>

#include "base/text.h"
#include "catalog/media_urls.h"
#include "catalog/videos.h"
#include "tests/support/api_fixture.h"
#include "tests/support/recordings.h"
#include "tests/support/temporary_directory.h"

namespace shoal::api {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using tests::ApiAnswer;
using tests::recording;
using tests::shape_differences;

class PagesTest : public tests::ApiTest {
 protected:
  PagesTest() {
    write("index.html", "<html><head><!-- shoal:head --></head><body>index</body></html>");
    write("embed.html", "<html><head><!-- shoal:head --></head><body>embed</body></html>");
    write("logo.svg", "<svg/>");
    write("assets/index-abc.js", "let a = 1");
    write("assets/index-abc.js.br", "squeezed");
    config.web_folder = web_.path().string();
  }

  void write(const std::string& name, std::string_view text) {
    const auto path = web_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  Uuid add_video(std::string name, catalog::Privacy privacy) {
    catalog::NewVideo video;
    video.uuid = Uuid::generate(random);
    video.channel = ChannelId{1};
    video.attributes.name = std::move(name);
    video.attributes.description = "Line one.\n\nSecond <b>line</b> & more";
    video.attributes.privacy = privacy;
    video.attributes.category = 2;
    video.state = catalog::VideoState::published;
    const auto made = database->write_blocking([&](db::Session& session) -> Result<VideoId> {
      return catalog::create_video(session, video, clock.now());
    });
    EXPECT_TRUE(made.has_value());
    return video.uuid;
  }

  tests::TemporaryDirectory web_;
};
SHOAL_ON_BOTH_ENGINES(PagesTest);

TEST_P(PagesTest, watch_page_tells_robots_what_it_shows) {
  const Uuid uuid = add_video("First \"video\" </script>", catalog::Privacy::everyone);
  const ApiAnswer page = get("/w/" + uuid.short_text());
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.text, HasSubstr(R"(<meta property="og:platform" content="PeerTube" />)"));
  EXPECT_THAT(page.text,
              HasSubstr("<title>First &quot;video&quot; &lt;/script&gt; - Shoal</title>"));
  EXPECT_THAT(page.text, HasSubstr(R"(<meta property="og:type" content="video" />)"));
  EXPECT_THAT(page.text, HasSubstr("<meta property=\"og:url\" content=\"http://localhost:9010/w/" +
                                   uuid.short_text() + "\" />"));
  EXPECT_THAT(page.text, HasSubstr("content=\"http://localhost:9010/videos/embed/" + uuid.text()));
  EXPECT_THAT(page.text, HasSubstr("Line one. Second &lt;b&gt;line&lt;/b&gt; &amp; more"));
  EXPECT_THAT(page.text, HasSubstr("application/json+oembed"));
  EXPECT_THAT(page.text, HasSubstr("index</body>"));
  EXPECT_THAT(page.header("Content-Security-Policy"), HasSubstr("script-src 'self'"));
  EXPECT_EQ(page.header("X-Frame-Options"), "DENY");
  const ApiAnswer old = get("/videos/watch/" + uuid.text() + "?start=5s");
  EXPECT_EQ(old.status, 302);
  EXPECT_EQ(old.header("Location"), "/w/" + uuid.short_text() + "?start=5s");
}

TEST_P(PagesTest, boot_configuration_cannot_leave_its_element) {
  context();
  EXPECT_EQ(
      put("/api/v1/config/custom", {{"instance", {{"name", "</script><script>x"}}}}, root_token())
          .status,
      200);
  const ApiAnswer page = get("/");
  EXPECT_THAT(page.text, Not(HasSubstr("</script><script>x")));
  const std::string_view open = R"(id="shoal-boot">)";
  const std::size_t begin = page.text.find(open) + open.size();
  const std::string json = page.text.substr(begin, page.text.find("</script>", begin) - begin);
  EXPECT_EQ(boost::json::parse(json).at("config").at("instance").at("name"), "</script><script>x");
}

TEST_P(PagesTest, private_and_unknown_videos_look_the_same) {
  const Uuid hidden = add_video("Secret", catalog::Privacy::owner_only);
  const ApiAnswer one = get("/w/" + hidden.short_text());
  const ApiAnswer other = get("/w/1111111111111111111111");
  EXPECT_EQ(one.status, recording("219-html-watch-private").status);
  EXPECT_EQ(other.status, recording("218-html-watch-unknown").status);
  EXPECT_EQ(one.text, other.text);
  const ApiAnswer embed = get("/videos/embed/" + hidden.text());
  EXPECT_EQ(embed.status, 200);
  EXPECT_THAT(embed.text, Not(HasSubstr("Secret")));
  EXPECT_EQ(get("/w/nonsense").status, 404);
}

TEST_P(PagesTest, an_unlisted_video_is_not_found_by_its_number) {
  const Uuid uuid = add_video("Half secret", catalog::Privacy::unlisted);
  const auto id = database->read_blocking([&](db::Session& session) -> Result<std::string> {
    return std::to_string(
        session.query_one("select id from video where uuid = :uuid", {uuid})->integer(0));
  });
  ASSERT_TRUE(id.has_value());
  EXPECT_THAT(get("/w/" + uuid.short_text()).text, HasSubstr("Half secret"));
  EXPECT_EQ(get("/w/" + *id).text, get("/w/1111111111111111111111").text);
  EXPECT_EQ(get("/videos/watch/" + *id).status, 404) << "must not redirect to the UUID";
  EXPECT_THAT(get("/videos/embed/" + *id).text, Not(HasSubstr("Half secret")));
  const auto oembed = [&](std::string_view name) {
    return get("/services/oembed?url=http://localhost:9010/w/" + std::string(name));
  };
  EXPECT_EQ(oembed(uuid.short_text()).status, 200);
  EXPECT_EQ(oembed(*id).status, 403);
  EXPECT_THAT(oembed(*id).text, Not(HasSubstr("Half secret")));
}

TEST_P(PagesTest, channel_account_and_other_pages_have_their_heads) {
  EXPECT_THAT(get("/c/root_channel").text, HasSubstr("<title>Main root channel - Shoal</title>"));
  EXPECT_THAT(get("/c/root_channel/videos").text, HasSubstr("og:title"));
  EXPECT_THAT(get("/a/root").text, HasSubstr("http://localhost:9010/a/root/video-channels"));
  EXPECT_EQ(get("/c/nobody").status, 404);
  EXPECT_EQ(get("/admin/jobs").status, 200);
  EXPECT_EQ(get("/api/v1/unknown").status, 400);
  EXPECT_EQ(post("/api/v1/unknown", {}).status, 400);
  EXPECT_EQ(get("/static/unknown").status, 404);
  EXPECT_EQ(get("/robots.txt").text, recording("204-robots-txt").body.as_string());
}

TEST_P(PagesTest, client_files_are_kept_for_ever_where_named_by_content) {
  const ApiAnswer plain = get("/client/assets/index-abc.js");
  EXPECT_EQ(plain.text, "let a = 1");
  EXPECT_EQ(plain.header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_THAT(plain.header("Cache-Control"), HasSubstr("immutable"));
  const ApiAnswer squeezed = request(net::Method::get, "/client/assets/index-abc.js",
                                     {.headers = {{"Accept-Encoding", "gzip, br"}}});
  EXPECT_EQ(squeezed.text, "squeezed");
  EXPECT_EQ(squeezed.header("Content-Encoding"), "br");
  EXPECT_EQ(squeezed.header("Content-Type"), "text/javascript; charset=utf-8");
  const ApiAnswer again = request(net::Method::get, "/client/assets/index-abc.js",
                                  {.headers = {{"If-None-Match", plain.header("ETag")}}});
  EXPECT_EQ(again.status, 304);
  EXPECT_THAT(get("/client/logo.svg").header("Cache-Control"), Not(HasSubstr("immutable")));
  EXPECT_EQ(get("/client/index.html").status, 404);
  EXPECT_EQ(get("/client/missing.js").status, 404);
}

TEST_P(PagesTest, oembed_answers_as_recorded) {
  const Uuid uuid = add_video("Clip <i>", catalog::Privacy::everyone);
  const Uuid hidden = add_video("Secret", catalog::Privacy::owner_only);
  const auto ask = [&](const std::string& url, const std::string& more = "") {
    return get("/services/oembed?url=" + url_encode(url) + more);
  };
  const std::string url = "http://localhost:9010/w/" + uuid.short_text();
  const ApiAnswer answer = ask(url, "&format=json");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(shape_differences(recording("347-oembed-watch-url-max").body, answer.json()),
              IsEmpty());
  EXPECT_THAT(std::string(answer.json().at("html").as_string()),
              HasSubstr("title=\"Clip &lt;i&gt;\""));
  const ApiAnswer small =
      ask("http://localhost:9010/videos/watch/" + uuid.text(), "&maxwidth=300&maxheight=200");
  EXPECT_EQ(small.json().at("width"), 300);
  EXPECT_EQ(ask("http://localhost:9010/w/1111111111111111111111").status, 404);
  EXPECT_EQ(ask("http://localhost:9010/w/" + hidden.short_text()).json(),
            recording("351-oembed-private").body);
  EXPECT_EQ(ask("http://example.com/w/abc").json(), recording("191-oembed-foreign-url").body);
  EXPECT_EQ(ask(url, "&format=xml").json(), recording("350-oembed-xml-format").body);
}

TEST_P(PagesTest, feeds_hold_public_videos_only_and_are_well_formed) {
  const Uuid uuid = add_video("Clip ]]> & <i>", catalog::Privacy::everyone);
  add_video("Secret", catalog::Privacy::owner_only);
  add_video("Unlisted", catalog::Privacy::unlisted);
  const ApiAnswer json = get("/feeds/videos.json");
  EXPECT_THAT(shape_differences(recording("206-feeds-videos-json").body, json.json(), {"icon"}),
              IsEmpty());
  EXPECT_EQ(json.json().at("items").as_array().size(), 1U);
  for (const char* format : {"xml", "rss", "rss2", "atom"}) {
    const ApiAnswer feed = get(std::string("/feeds/videos.") + format);
    EXPECT_EQ(feed.status, 200);
    EXPECT_THAT(feed.text, HasSubstr("Clip ]]&gt; &amp; &lt;i&gt;"));
    EXPECT_THAT(feed.text, HasSubstr("http://localhost:9010/w/" + uuid.short_text()));
    EXPECT_THAT(feed.text, Not(HasSubstr("Secret")));
  }
  EXPECT_THAT(get("/feeds/videos.xml?videoChannelName=root_channel").text,
              HasSubstr("<title>Main root channel</title>"));
  EXPECT_EQ(get("/feeds/videos.xml?accountId=99").status, 404);
  const ApiAnswer bogus = get("/feeds/videos.bogus");
  EXPECT_EQ(bogus.status, 400);
  EXPECT_EQ(bogus.json().at("detail"), recording("211-feeds-videos-bogus").body.at("detail"));
}

TEST_P(PagesTest, feeds_have_no_letter_that_xml_has_not) {
  add_video("A\xef\xbf\xbe\xef\xbf\xbf-Z\xef\xbf\xbd", catalog::Privacy::everyone);
  for (const char* format : {"xml", "atom"}) {
    const std::string text = get(std::string("/feeds/videos.") + format).text;
    EXPECT_THAT(text, HasSubstr("A-Z\xef\xbf\xbd"));
    EXPECT_THAT(text, Not(HasSubstr("\xef\xbf\xbe")));
    EXPECT_THAT(text, Not(HasSubstr("\xef\xbf\xbf")));
  }
}

TEST_P(PagesTest, feeds_list_sensitive_videos_where_the_instance_does) {
  add_video("Harmless", catalog::Privacy::everyone);
  const Uuid uuid = add_video("Sensitive", catalog::Privacy::everyone);
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    session.execute("update video set nsfw = 1 where uuid = :uuid", {uuid});
    return {};
  }));
  EXPECT_THAT(get("/feeds/videos.xml").text, Not(HasSubstr("Sensitive")));
  EXPECT_THAT(get("/feeds/videos.xml?nsfw=both").text, HasSubstr("Sensitive"));
  EXPECT_EQ(
      put("/api/v1/config/custom", {{"instance", {{"defaultNSFWPolicy", "blur"}}}}, root_token())
          .status,
      200);
  EXPECT_THAT(get("/feeds/videos.xml").text, HasSubstr("Sensitive"));
}

TEST_P(PagesTest, a_feed_is_kept_once_whatever_stands_beside_its_query) {
  add_video("Clip", catalog::Privacy::everyone);
  const std::string plain = get("/feeds/videos.xml?sort=-publishedAt").text;
  const double kept = metrics.sum("shoal_response_cache_bytes");
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(get("/feeds/videos.xml?junk=" + std::to_string(i)).text, plain);
  EXPECT_EQ(metrics.sum("shoal_response_cache_bytes"), kept);
}

TEST_P(PagesTest, jobs_are_listed_for_administrators) {
  const std::string root = root_token();
  EXPECT_EQ(get("/api/v1/jobs").status, 401);
  EXPECT_EQ(get("/api/v1/jobs", make_user("alice")).status, 403);
  ASSERT_TRUE(database
                  ->write_blocking([](db::Session& session) -> Result<> {
                    session.execute(
                        "insert into job (kind, payload, priority, state, run_after, max_attempts, "
                        "created_at) values ('plan', '{\"a\":1}', 50, 1, 0, 5, 1000)");
                    return {};
                  })
                  .has_value());
  const ApiAnswer answer = get("/api/v1/jobs?count=5&sort=-createdAt", root);
  EXPECT_THAT(
      shape_differences(recording("182-jobs-list-admin").body, answer.json(), {"data[].data"}),
      IsEmpty());
  EXPECT_EQ(answer.json().at("data").at(0).at("data").at("a"), 1);
  EXPECT_EQ(answer.json().at("data").at(0).at("progress").to_number<double>(), 0);
  jobs::Progress progress;
  progress.set(JobId{1}, 42.5);
  context().job_progress = &progress;
  const auto running = get("/api/v1/jobs", root).json();
  EXPECT_EQ(running.at("data").at(0).at("progress").to_number<double>(), 42.5);
  EXPECT_EQ(get("/api/v1/jobs/completed", root).json().at("total"), 0);
  EXPECT_EQ(get("/api/v1/jobs/waiting?jobType=plan", root).json().at("total"), 1);
  const ApiAnswer bad = get("/api/v1/jobs/all?count=2", root);
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.json().at("detail"), recording("184-jobs-list-bad-state").body.at("detail"));
}

}  // namespace
}  // namespace shoal::api
