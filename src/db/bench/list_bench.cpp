// What a page of videos costs: 15 rows of 45 columns, joined, out of 10,000, in one snapshot.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "base/check.h"
#include "db/database.h"

namespace shoal::db {
namespace {

constexpr int k_videos = 10'000;

class Catalogue {
 public:
  Catalogue() {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoal-bench-XXXXXX").string();
    SHOAL_CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    DatabaseConfig config;
    config.sqlite_path = (folder_ / "bench.db").string();
    database = *Database::open(config, metrics_);
    SHOAL_CHECK(database->write_blocking([](Session& session) -> Result<> {
      fill(session);
      return {};
    }));
  }
  ~Catalogue() {
    database.reset();
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Database> database;

 private:
  static void fill(Session& session) {
    for (int id = 1; id <= 2; ++id) {
      const std::string name = "name" + std::to_string(id);
      session.execute(
          "insert into actor (id, kind, preferred_username, username_key, url, created_at,"
          " updated_at) values (:id, :kind, :name, :key, :url, 1, 1)",
          {id, id, name, name, "https://example.org/" + name});
    }
    session.execute(
        "insert into users (id, username, email, password_hash, role, video_quota,"
        " video_quota_daily, preferences, created_at, updated_at)"
        " values (1, 'u', 'u@x', 'h', 0, -1, -1, '{}', 1, 1)");
    session.execute(
        "insert into account (id, actor_id, user_id, display_name, created_at, updated_at)"
        " values (1, 1, 1, 'Account', 1, 1)");
    session.execute(
        "insert into channel (id, actor_id, account_id, display_name, created_at, updated_at)"
        " values (1, 2, 1, 'Channel', 1, 1)");
    for (int id = 1; id <= k_videos; ++id) {
      session.execute(
          "insert into video (id, uuid, channel_id, name, description, privacy, state, duration,"
          " views, published_at, created_at, updated_at) values (:id, :uuid, 1, :name, :text, 1, 1,"
          " 60000, :views, :published, :created, :updated)",
          {id, "9c9de5e8-0a1e-484a-b099-" + std::to_string(100000000000 + id),
           "A video with a name of ordinary length " + std::to_string(id), std::string(200, 'd'),
           id, 1000 + id, 1000, 1000});
    }
  }

  std::filesystem::path folder_;
  Metrics metrics_;
};

Catalogue& catalogue() {
  static Catalogue instance;
  return instance;
}

/// 45 columns of video, channel, account and their actors.
constexpr const char* k_page =
    "select v.id, v.uuid, v.name, v.description, v.support, v.category, v.licence, v.language,"
    " v.privacy, v.nsfw, v.comments_policy, v.download_enabled, v.wait_transcoding, v.state,"
    " v.failure, v.duration, v.aspect_ratio, v.views, v.privacy_epoch, v.source_filename,"
    " v.source_size, v.originally_published_at, v.published_at, v.scheduled_at,"
    " v.scheduled_privacy, v.created_at, v.updated_at, c.id, c.display_name, c.description,"
    " c.support, c.created_at, ca.preferred_username, ca.host, ca.url, ca.created_at, a.id,"
    " a.display_name, a.description, a.created_at, aa.preferred_username, aa.host, aa.url,"
    " aa.created_at, aa.kind"
    " from video v join channel c on c.id = v.channel_id join actor ca on ca.id = c.actor_id"
    " join account a on a.id = c.account_id join actor aa on aa.id = a.actor_id"
    " where v.privacy = 1 and v.state = 1 order by v.published_at desc, v.id desc"
    " limit :count offset :start";

void page_of_15_videos(benchmark::State& state) {
  Database& database = *catalogue().database;
  for (auto _ : state) {
    auto rows = database.read_blocking(
        [](Session& session) -> Result<Rows> { return session.query(k_page, {15, 0}); });
    SHOAL_CHECK(rows->size() == 15);
    benchmark::DoNotOptimize(rows);
  }
}
BENCHMARK(page_of_15_videos)->Unit(benchmark::kMicrosecond);

void one_video_by_uuid(benchmark::State& state) {
  Database& database = *catalogue().database;
  for (auto _ : state) {
    auto row = database.read_blocking([](Session& session) -> Result<std::optional<Row>> {
      return session.query_one("select * from video where uuid = :uuid",
                               {"9c9de5e8-0a1e-484a-b099-100000005000"});
    });
    SHOAL_CHECK(row->has_value());
    benchmark::DoNotOptimize(row);
  }
}
BENCHMARK(one_video_by_uuid)->Unit(benchmark::kMicrosecond);

void empty_transaction(benchmark::State& state) {
  Database& database = *catalogue().database;
  for (auto _ : state) {
    auto row = database.read_blocking(
        [](Session& session) -> Result<Rows> { return session.query("select 1"); });
    benchmark::DoNotOptimize(row);
  }
}
BENCHMARK(empty_transaction)->Unit(benchmark::kMicrosecond);

void durable_write(benchmark::State& state) {
  Database& database = *catalogue().database;
  for (auto _ : state) {
    auto done = database.write_blocking([](Session& session) -> Result<std::int64_t> {
      return session.execute("update video set views = views + 1 where id = :id", {7});
    });
    benchmark::DoNotOptimize(done);
  }
}
BENCHMARK(durable_write)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace shoal::db

BENCHMARK_MAIN();
