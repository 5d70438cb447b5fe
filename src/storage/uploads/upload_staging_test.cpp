#include "storage/uploads/upload_staging.h"

#include <gtest/gtest.h>

#include "blob/local_store.h"
#include "io/runtime.h"
#include "storage/uploads/local_upload_bytes.h"
#include "storage/uploads/staging_room.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/upload_fixture.h"
#include "tests/support/volatile_file_system.h"

namespace shoal::storage {
namespace {

using tests::bytes_of;

class Staging : public testing::TestWithParam<db::Engine> {
 protected:
  Staging() {
    user = tests::add_uploader(*database, "owner");
    other = tests::add_uploader(*database, "other");
    limits.max_size = 1'000'000;
    limits.acknowledge_every = 300'000;
    EXPECT_TRUE(files.create_directories(files.root() / "uploads"));
    EXPECT_TRUE(files.sync_directory(files.root()));
    start();
  }
  /// Also what a restart of the program does.
  void start() {
    bytes = std::make_unique<LocalUploadBytes>(files.root() / "uploads", files, disk, reserve);
    staging = std::make_unique<UploadStaging>(
        *bytes, *database, random,
        [this](db::Session& session, UserId id, std::uint64_t more) -> Result<> {
          const auto used = session.query_one(
              "select coalesce(sum(size), 0) from upload_chunk where session_id in"
              " (select id from upload_session where user_id = :user and state = 1)",
              {id});
          if (static_cast<std::uint64_t>(used->integer(0)) + more > quota)
            return fail(ErrorCode::too_large, "over the quota");
          return {};
        },
        limits);
  }
  template <class T>
  T wait(io::Task<T> task) {
    return tests::wait(runtime, std::move(task));
  }
  Upload create(std::uint64_t total) {
    auto made = wait(staging->create(tests::announce(user, total)));
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  Result<Upload> append(const Upload& upload, std::uint64_t from, std::uint64_t length) {
    return wait(staging->append(user.id, upload.upload_id, from, length, *upload.total,
                                tests::pull(bytes_of(from, length))));
  }
  std::string content(const Upload& upload) {
    const auto whole = wait(staging->read_head(upload, 10'000'000));
    if (!whole) return whole.error().message;
    return {reinterpret_cast<const char*>(whole->data()), whole->size()};
  }
  static ErrorCode code(const auto& result) {
    EXPECT_FALSE(result);
    return result ? ErrorCode::internal : result.error().code;
  }
  // What tests do while a body is read.
  io::Task<> look(const Upload& upload, std::uint64_t& seen) {
    seen = (co_await staging->find(user.id, upload.upload_id))->received;
  }
  io::Task<> interfere(const Upload& upload, ErrorCode& second, ErrorCode& removal) {
    second = code(co_await staging->append(user.id, upload.upload_id, 0, 10, *upload.total,
                                           tests::pull(bytes_of(0, 10))));
    removal = code(co_await staging->remove(user.id, upload.upload_id));
  }
  io::Task<> take_the_rest(const Upload& upload) {
    EXPECT_TRUE(
        co_await staging->append_all(user.id, upload.upload_id, tests::pull(bytes_of(0, 600'000))));
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
  tests::VolatileFileSystem files;
  io::Offload disk{"disk", 2, 64};
  SeededRandom random{7};
  io::Runtime runtime{1};
  UploadLimits limits;
  std::uint64_t quota = 10'000'000;
  tests::Uploader user;
  tests::Uploader other;
  std::uint64_t reserve = 0;
  std::unique_ptr<UploadBytes> bytes;
  std::unique_ptr<UploadStaging> staging;
};
SHOAL_ON_BOTH_ENGINES(Staging);

TEST_P(Staging, chunks_in_order_make_the_whole) {
  const auto upload = create(600'725);
  EXPECT_EQ(upload.received, 0u);
  EXPECT_EQ(append(upload, 0, 262'144)->received, 262'144u);
  EXPECT_EQ(append(upload, 262'144, 262'144)->received, 524'288u);
  const auto last = append(upload, 524'288, 76'437);
  ASSERT_TRUE(last);
  EXPECT_TRUE(last->is_complete());
  EXPECT_EQ(content(*last), bytes_of(0, 600'725));
}

TEST_P(Staging, while_a_home_elsewhere_lags_behind_new_uploads_are_told_that_it_is_full) {
  Stores stores;
  UploadStaging bounded(
      *bytes, *database, random,
      bounded_by_staging([](db::Session&, UserId, std::uint64_t) -> Result<> { return {}; }, stores,
                         1'000'000),
      limits);
  const auto create_on = [&](std::uint64_t total) {
    return wait(bounded.create(tests::announce(user, total)));
  };
  const auto free = create_on(900'000);
  ASSERT_TRUE(free) << free.error().message;
  stores.set_home(FileKind::rendition, "archive");
  const auto refused = create_on(200'000);
  EXPECT_EQ(code(refused), ErrorCode::full);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("1 MB"));
}

TEST_P(Staging, a_gap_is_a_conflict_and_changes_nothing) {
  const auto upload = create(600'000);
  ASSERT_TRUE(append(upload, 0, 100'000));
  EXPECT_EQ(code(append(upload, 200'000, 1000)), ErrorCode::conflict);
  EXPECT_EQ(wait(staging->find(user.id, upload.upload_id))->received, 100'000u);
}

TEST_P(Staging, what_is_acknowledged_is_not_written_again) {
  const auto upload = create(600'000);
  ASSERT_TRUE(append(upload, 0, 100'000));
  // The same once more, and one that begins inside: other bytes for the old part do not count.
  EXPECT_EQ(append(upload, 0, 100'000)->received, 100'000u);
  const std::string lies(50'000, '!');
  EXPECT_EQ(wait(staging->append(user.id, upload.upload_id, 50'000, 100'000, 600'000,
                                 tests::pull(lies + bytes_of(100'000, 50'000))))
                ->received,
            150'000u);
  ASSERT_TRUE(append(upload, 150'000, 450'000));
  EXPECT_EQ(content(*wait(staging->find(user.id, upload.upload_id))), bytes_of(0, 600'000));
}

TEST_P(Staging, another_total_or_more_than_the_total_is_a_conflict) {
  const auto upload = create(1000);
  const auto put = [&](std::uint64_t from, std::uint64_t length, std::uint64_t total) {
    return code(wait(staging->append(user.id, upload.upload_id, from, length, total,
                                     tests::pull(bytes_of(0, 10)))));
  };
  EXPECT_EQ(put(0, 500, 1001), ErrorCode::conflict);
  EXPECT_EQ(put(0, 1001, 1000), ErrorCode::conflict);
  EXPECT_EQ(put(0, ~std::uint64_t{0}, 1000), ErrorCode::conflict);
  EXPECT_EQ(put(~std::uint64_t{0}, 2, 1000), ErrorCode::conflict);
}

TEST_P(Staging, a_body_longer_than_its_range_is_invalid) {
  const auto upload = create(1000);
  EXPECT_EQ(code(wait(staging->append(user.id, upload.upload_id, 0, 100, 1000,
                                      tests::pull(bytes_of(0, 101))))),
            ErrorCode::invalid);
  EXPECT_EQ(wait(staging->find(user.id, upload.upload_id))->received, 0u);
}

TEST_P(Staging, what_came_before_the_peer_went_away_counts) {
  const auto upload = create(600'000);
  const auto broken = wait(staging->append(user.id, upload.upload_id, 0, 500'000, 600'000,
                                           tests::pull_then_break(bytes_of(0, 123'456))));
  EXPECT_EQ(code(broken), ErrorCode::unavailable);
  EXPECT_EQ(wait(staging->find(user.id, upload.upload_id))->received, 123'456u);
  EXPECT_TRUE(append(upload, 123'456, 476'544)->is_complete());
}

TEST_P(Staging, one_long_request_is_acknowledged_on_the_way) {
  const auto upload = create(900'000);
  std::uint64_t seen = 0;
  const auto done = wait(staging->append(
      user.id, upload.upload_id, 0, 900'000, 900'000,
      tests::pull_and_watch(bytes_of(0, 900'000), 800'000, [&] { return look(upload, seen); })));
  EXPECT_TRUE(done->is_complete());
  EXPECT_GE(seen, 300'000u);
}

TEST_P(Staging, two_requests_at_once_are_not) {
  const auto upload = create(10'000);
  ErrorCode second{};
  ErrorCode removal{};
  const auto first = wait(staging->append(user.id, upload.upload_id, 0, 5000, 10'000,
                                          tests::pull_and_watch(bytes_of(0, 5000), 1, [&] {
                                            return interfere(upload, second, removal);
                                          })));
  EXPECT_EQ(first->received, 5000u);
  EXPECT_EQ(second, ErrorCode::busy);
  EXPECT_EQ(removal, ErrorCode::busy);
}

TEST_P(Staging, bounds_are_kept) {
  EXPECT_EQ(code(wait(staging->create(tests::announce(user, 1'000'001)))), ErrorCode::too_large);
  EXPECT_EQ(code(wait(staging->create(tests::announce(user, 0)))), ErrorCode::invalid);
  quota = 5000;
  EXPECT_EQ(code(wait(staging->create(tests::announce(user, 5001)))), ErrorCode::too_large);
  limits.open_per_user = 2;
  start();
  create(10);
  create(10);
  EXPECT_EQ(code(wait(staging->create(tests::announce(user, 10)))), ErrorCode::busy);
  EXPECT_TRUE(wait(staging->create(tests::announce(other, 10))));
}

TEST_P(Staging, bytes_without_a_total_are_stopped_by_quota_and_maximum) {
  auto announced = tests::announce(user, 1);
  announced.total = std::nullopt;
  const auto all = [&](std::uint64_t size) {
    const auto upload = *wait(staging->create(announced));
    auto result =
        wait(staging->append_all(user.id, upload.upload_id, tests::pull(bytes_of(0, size))));
    // As a request does whose form is refused; until then what came counts.
    if (!result) EXPECT_TRUE(wait(staging->remove(user.id, upload.upload_id)));
    return result;
  };
  const auto whole = all(700'000);
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->is_complete());
  EXPECT_EQ(content(*whole), bytes_of(0, 700'000));
  EXPECT_EQ(code(all(1'000'001)), ErrorCode::too_large);
  EXPECT_EQ(code(all(0)), ErrorCode::invalid);
  quota = 700'000 + 400'000;
  EXPECT_EQ(code(all(900'000)), ErrorCode::too_large);
}

TEST_P(Staging, uploads_without_a_total_share_one_quota) {
  quota = 1'000'000;
  auto announced = tests::announce(user, 1);
  announced.total = std::nullopt;
  const auto first = *wait(staging->create(announced));
  const auto second = *wait(staging->create(announced));
  // While one comes, the other takes what is left.
  const auto result = wait(staging->append_all(
      user.id, first.upload_id,
      tests::pull_and_watch(bytes_of(0, 700'000), 350'000, [&] { return take_the_rest(second); })));
  EXPECT_EQ(code(result), ErrorCode::too_large);
}

TEST_P(Staging, what_was_announced_has_its_room_and_the_reserve_stays_free) {
  reserve = 1'000'000;
  start();
  files.set_capacity(3'000'000);
  const auto upload = create(900'000);
  create(900'000);
  EXPECT_EQ(code(wait(staging->create(tests::announce(other, 900'000)))), ErrorCode::unavailable)
      << "promised to others";
  ASSERT_TRUE(append(upload, 0, 100'000));
  files.set_capacity(1'000'000);
  EXPECT_EQ(code(append(upload, 100'000, 100'000)), ErrorCode::unavailable) << "the disk filled up";
  files.set_capacity(3'000'000);
  EXPECT_TRUE(append(upload, 100'000, 100'000));
  clock->advance(std::chrono::hours{2});
  EXPECT_TRUE(wait(staging->create(tests::announce(other, 900'000)))) << "they do not come";
}

TEST_P(Staging, another_users_upload_is_not_there) {
  const auto upload = create(1000);
  EXPECT_EQ(code(wait(staging->find(other.id, upload.upload_id))), ErrorCode::not_found);
  EXPECT_EQ(code(wait(staging->append(other.id, upload.upload_id, 0, 10, 1000,
                                      tests::pull(bytes_of(0, 10))))),
            ErrorCode::not_found);
  EXPECT_EQ(code(wait(staging->remove(other.id, upload.upload_id))), ErrorCode::not_found);
  EXPECT_EQ(code(wait(staging->remove(user.id, "../../etc/passwd"))), ErrorCode::not_found);
}

TEST_P(Staging, removed_it_is_gone_with_its_bytes) {
  const auto upload = create(1000);
  ASSERT_TRUE(append(upload, 0, 500));
  ASSERT_TRUE(wait(staging->remove(user.id, upload.upload_id)));
  EXPECT_EQ(code(append(upload, 500, 500)), ErrorCode::not_found);
  EXPECT_TRUE(files.list(files.root() / "uploads")->empty());
}

TEST_P(Staging, a_restarted_program_goes_on_where_it_was) {
  const auto upload = create(600'000);
  ASSERT_TRUE(append(upload, 0, 250'000));
  database.reopen();
  files.restart();
  start();
  EXPECT_EQ(wait(staging->find(user.id, upload.upload_id))->received, 250'000u);
  const auto done = append(upload, 250'000, 350'000);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(content(*done), bytes_of(0, 600'000));
}

TEST_P(Staging, bytes_that_are_gone_are_never_taken_for_new_ones) {
  const auto upload = create(1000);
  ASSERT_TRUE(append(upload, 0, 500));
  for (const auto& name : *files.list(files.root() / "uploads")) {
    ASSERT_TRUE(files.remove(files.root() / "uploads" / name));
  }
  EXPECT_EQ(code(append(upload, 500, 500)), ErrorCode::unavailable);
}

TEST_P(Staging, a_full_disk_is_the_servers_trouble_and_loses_nothing) {
  const auto upload = create(600'000);
  ASSERT_TRUE(append(upload, 0, 200'000));
  files.set_capacity(300'000);
  EXPECT_EQ(code(append(upload, 200'000, 400'000)), ErrorCode::unavailable);
  EXPECT_EQ(code(wait(staging->create(tests::announce(user, 900'000)))), ErrorCode::unavailable);
  files.set_capacity(10'000'000);
  const auto now = wait(staging->find(user.id, upload.upload_id));
  const auto done = append(upload, now->received, 600'000 - now->received);
  ASSERT_TRUE(done);
  EXPECT_EQ(content(*done), bytes_of(0, 600'000));
}

TEST_P(Staging, a_stale_upload_is_collected_and_a_fresh_one_is_not) {
  const auto stale = create(1000);
  ASSERT_TRUE(append(stale, 0, 500));
  clock->advance(limits.stale_after - Seconds{10});
  const auto fresh = create(1000);
  ASSERT_TRUE(append(fresh, 0, 500));
  clock->advance(Seconds{20});
  EXPECT_EQ(wait(staging->collect(10)), 2u);  // its row, its file
  EXPECT_EQ(code(append(stale, 500, 500)), ErrorCode::not_found);
  EXPECT_TRUE(append(fresh, 500, 500)->is_complete());
  EXPECT_EQ(wait(staging->collect(10)), 0u);
}

TEST_P(Staging, a_complete_upload_moves_into_a_store_and_remembers_its_video) {
  const auto store =
      *blob::LocalStore::open("local", files.root() / "media", {"instance"}, files, disk, random);
  const auto upload = create(50'000);
  EXPECT_EQ(code(wait(staging->hand_over(upload, *store, "original/x"))), ErrorCode::conflict);
  const auto done = append(upload, 0, 50'000);
  ASSERT_TRUE(done);
  ASSERT_TRUE(wait(staging->hand_over(*done, *store, "original/x")));
  // Once more, as after a crash before the rows were written.
  ASSERT_TRUE(wait(staging->hand_over(*done, *store, "original/x")));
  EXPECT_EQ(io::read_whole(files, files.root() / "media" / "original" / "x", 1 << 20),
            bytes_of(0, 50'000));
  EXPECT_TRUE(files.list(files.root() / "uploads")->empty());

  const auto finish = [&](std::int64_t video) {
    return database->write_blocking([&](db::Session& session) -> Result<> {
      session.execute(
          "insert into video (id, uuid, channel_id, name, privacy, state, published_at, created_at,"
          " updated_at) values (:id, :uuid, :channel, 'v', 1, 2, 1, 1, 1)",
          {video, std::to_string(video), user.channel});
      return finish_upload(session, upload.id, VideoId{video});
    });
  };
  ASSERT_TRUE(finish(5));
  EXPECT_EQ(code(finish(6)), ErrorCode::conflict);
  const auto known = wait(staging->find(user.id, upload.upload_id));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->state, UploadState::done);
  EXPECT_EQ(known->video, VideoId{5});
  EXPECT_EQ(code(append(*known, 0, 10)), ErrorCode::conflict);
  EXPECT_EQ(code(wait(staging->remove(user.id, upload.upload_id))), ErrorCode::conflict);
  clock->advance(limits.remember_done + Seconds{1});
  EXPECT_EQ(wait(staging->collect(10)), 1u);
  EXPECT_EQ(code(wait(staging->find(user.id, upload.upload_id))), ErrorCode::not_found);
}

}  // namespace
}  // namespace shoal::storage
