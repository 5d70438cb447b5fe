#include "base/digest.h"
#include "base/text.h"
#include "storage/pieces.h"
#include "tests/support/piece_digests.h"
#include "tests/support/video_api_fixture.h"

namespace shoal::api {
namespace {

using catalog::Privacy;
using testing::ElementsAre;
using testing::IsEmpty;

/// What a client reads of a torrent (BEP 3, BEP 19).
struct Torrent {
  std::uint64_t length = 0;
  std::uint64_t piece_length = 0;
  std::string name;
  std::string pieces;
  std::vector<std::string> web_seeds;
};

/// Strict: anything left over, or a key out of order, is a failure.
class TorrentReader {
 public:
  explicit TorrentReader(std::string_view text) : rest_(text) {}
  Torrent read() {
    Torrent torrent;
    take("d");
    take("4:info");
    take("d");
    take("6:length");
    torrent.length = number();
    take("4:name");
    torrent.name = text();
    take("12:piece length");
    torrent.piece_length = number();
    take("6:pieces");
    torrent.pieces = text();
    take("e");
    if (rest_.starts_with("8:url-list")) {
      take("8:url-list");
      take("l");
      while (!rest_.starts_with('e')) torrent.web_seeds.push_back(text());
      take("e");
    }
    take("e");
    EXPECT_EQ(rest_, "");
    return torrent;
  }

 private:
  void take(std::string_view what) {
    if (!rest_.starts_with(what)) throw std::runtime_error("not " + std::string(what));
    rest_.remove_prefix(what.size());
  }
  std::uint64_t until(char end) {
    const auto at = rest_.find(end);
    const auto value = parse_int(rest_.substr(0, at));
    if (at == std::string_view::npos || !value) throw std::runtime_error("no number");
    rest_.remove_prefix(at + 1);
    return static_cast<std::uint64_t>(*value);
  }
  std::uint64_t number() {
    take("i");
    return until('e');
  }
  std::string text() {
    const std::uint64_t size = until(':');
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(out.size());
    return out;
  }
  std::string_view rest_;
};

Torrent parse_torrent(std::string_view text) {
  return TorrentReader(text).read();
}

class TorrentApiTest : public tests::VideoApiTest {};
SHOAL_ON_BOTH_ENGINES(TorrentApiTest);

TEST_P(TorrentApiTest, its_owner_gets_the_source_and_its_torrent_until_the_renditions_are_there) {
  const auto root = root_token();
  const std::string bytes(300 * 1024, 'x');
  const auto channel = count("select id from channel order by id limit 1");
  const auto made = send_form(net::Method::post, "/api/v1/videos/upload",
                              {{"channelId", std::to_string(channel)},
                               {"name", "x video"},
                               {"privacy", "1"},
                               {"videofile", clip() + bytes, "clip.mp4", "video/mp4"}},
                              root)
                        .json()
                        .at("video");
  const std::string page = "/api/v1/videos/" + std::string(made.at("uuid").as_string());
  EXPECT_TRUE(get(page).json().at("files").as_array().empty());
  const auto files = get(page, root).json().at("files").as_array();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].at("size"), static_cast<std::int64_t>(clip().size() + bytes.size()));

  const std::string url(files[0].at("torrentUrl").as_string());
  ASSERT_TRUE(url.starts_with(config.origin)) << url;
  const auto torrent = get(url.substr(config.origin.size()));
  ASSERT_EQ(torrent.status, 200) << torrent.text;
  EXPECT_EQ(torrent.header("Content-Type"), "application/x-bittorrent");
  const std::string whole = clip() + bytes;
  const Torrent read = parse_torrent(torrent.text);
  EXPECT_EQ(read.length, whole.size());
  EXPECT_EQ(read.pieces, tests::piece_digests_of(whole, read.piece_length));
  EXPECT_THAT(read.web_seeds, ElementsAre(files[0].at("fileUrl").as_string()));
  EXPECT_EQ(count("select count(*) from file_pieces"), 1);
  EXPECT_EQ(get(url.substr(config.origin.size())).text, torrent.text);

  EXPECT_EQ(get("/download/torrents/nothing.torrent").status, 404);
  ASSERT_EQ(put(page, {{"privacy", 3}}, root).status, 204);
  EXPECT_EQ(get(url.substr(config.origin.size())).status, 401);
  const auto of_private = get(url.substr(config.origin.size()), root);
  EXPECT_EQ(of_private.status, 200);
  EXPECT_THAT(parse_torrent(of_private.text).web_seeds, IsEmpty()) << "it needs a token";
}

TEST_P(TorrentApiTest, a_rendition_in_a_bucket_has_a_torrent_without_being_read) {
  auto video = add_video(attributes("A: \"first\" video", Privacy::everyone));
  add_files(video);
  const std::string bytes = clip(700'000);
  const std::string name = video.uuid + "-480-fragmented.mp4";
  const auto change = [&](const std::string& sql) {
    ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
      session.execute(sql);
      return {};
    }));
  };
  change(fmt::format("update media_file set size = {}, sha256 = '{}' where name = '{}'",
                     bytes.size(), to_hex(Sha256::of(bytes)), name));
  change(
      fmt::format("insert into placement (file_id, store, object_key, state, verified_at, "
                  "created_at) select id, 'archive', 'hls/480', 2, 1, 1 from media_file where "
                  "name = '{}'",
                  name));
  const auto file = get(video.path()).json().at("streamingPlaylists").at(0).at("files").at(0);
  const std::string url =
      std::string(file.at("torrentUrl").as_string()).substr(config.origin.size());
  const auto not_yet = get(url);
  EXPECT_EQ(not_yet.status, 503);
  EXPECT_EQ(not_yet.header("Retry-After"), "10");
  EXPECT_EQ(get(url).status, 503);
  EXPECT_EQ(count("select count(*) from job where kind = 'hash-pieces'"), 1);

  storage::PieceHasher hasher(bytes.size());
  hasher.update(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    const auto row = session.query_one("select id from media_file where name = :name", {name});
    storage::record_pieces(session, row->id<FileId>(0), hasher.finish());
    return {};
  }));
  const auto torrent = get(url);
  ASSERT_EQ(torrent.status, 200) << torrent.text;
  const Torrent read = parse_torrent(torrent.text);
  EXPECT_EQ(read.name, "A- -first- video 480p.mp4");
  EXPECT_EQ(read.length, bytes.size());
  EXPECT_EQ(read.pieces, tests::piece_digests_of(bytes, read.piece_length));
  EXPECT_THAT(read.web_seeds, ElementsAre(file.at("fileUrl").as_string()));
  EXPECT_EQ(
      get(std::string(file.at("torrentDownloadUrl").as_string()).substr(config.origin.size())).text,
      torrent.text);
  EXPECT_EQ(get("/lazy-static/torrents/" + video.uuid + "-480.m3u8.torrent").status, 404);
}

}  // namespace
}  // namespace shoal::api
