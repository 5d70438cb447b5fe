// Uploads whose requests go to several nodes, over one store and one database.
#include "storage/uploads/stored_upload_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "blob/memory_store.h"
#include "io/runtime.h"
#include "storage/files.h"
#include "storage/trash.h"
#include "storage/uploads/upload_staging.h"
#include "tests/support/database_fixture.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/trouble.h"
#include "tests/support/upload_fixture.h"

namespace shoal::storage {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using tests::bytes_of;

/// What one node has of its own.
class Node {
 public:
  Node(db::Database& database, blob::BlobStore& store, Random& random, UploadLimits limits)
      : bytes(store.name(), folder.path(), {database, stores, files, disk, random}),
        staging(
            bytes, database, random,
            [](db::Session&, UserId, std::uint64_t) -> Result<> { return {}; }, limits) {
    stores.add(store);
  }
  bool is_empty() const { return std::filesystem::is_empty(folder.path()); }

 private:
  tests::TemporaryDirectory folder;
  io::PosixFileSystem files;
  io::Offload disk{"disk", 2, 64};

 public:
  Stores stores;
  StoredUploadBytes bytes;
  UploadStaging staging;
};

class StoredStaging : public testing::TestWithParam<db::Engine> {
 protected:
  StoredStaging() : user(tests::add_uploader(*database, "owner")) {
    limits.acknowledge_every = 300'000;
    nodes.reserve(2);
    for (int i = 0; i < 2; ++i)
      nodes.push_back(std::make_unique<Node>(*database, shared, random, limits));
  }
  UploadStaging& on(std::size_t node) { return nodes[node]->staging; }

  template <class T>
  T wait(io::Task<T> task) {
    return tests::wait(runtime, std::move(task));
  }
  Upload create(std::uint64_t total) {
    auto made = wait(on(0).create(tests::announce(user, total)));
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  Result<Upload> append(std::size_t node, const Upload& upload, std::uint64_t from,
                        std::uint64_t length) {
    return wait(on(node).append(user.id, upload.upload_id, from, length, *upload.total,
                                tests::pull(bytes_of(from, length))));
  }
  static ErrorCode code(const auto& result) {
    EXPECT_FALSE(result);
    return result ? ErrorCode::internal : result.error().code;
  }
  std::vector<std::string> objects(const std::string& prefix = "") {
    return *wait(store.list(prefix, "", 1000));
  }
  std::string object(const std::string& key) {
    const auto reader = wait(store.open(key));
    if (!reader) return reader.error().message;
    std::string text((*reader)->size(), '\0');
    EXPECT_TRUE(wait((*reader)->read_at(0, std::as_writable_bytes(std::span(text)))));
    return text;
  }
  Result<> announce(const std::string& key) {
    return database->write_blocking([&](db::Session& session) {
      return announce_object(session, store.name(), key, session.now());
    });
  }
  void collect_trash() {
    ASSERT_TRUE(wait(storage::collect_trash(
        *database, [this](std::string_view) { return &store; }, clock->now(), 1000)));
  }
  Result<> finish(const Upload& upload) {
    return database->write_blocking([&](db::Session& session) -> Result<> {
      session.execute(
          "insert into video (id, uuid, channel_id, name, privacy, state, published_at, created_at,"
          " updated_at) values (5, 'five', :channel, 'v', 1, 2, 1, 1, 1)",
          {user.channel});
      TRY_VOID(take_announcement(session, store.name(), "originals/x"));
      return finish_upload(session, upload.id, VideoId{5});
    });
  }
  io::Task<> append_on_the_other(const Upload& upload, std::uint64_t length) {
    const auto taken = co_await on(1).append(user.id, upload.upload_id, 0, length, *upload.total,
                                             tests::pull(bytes_of(0, length)));
    EXPECT_TRUE(taken);
  }

  std::shared_ptr<tests::ManualClock> clock = std::make_shared<tests::ManualClock>();
  tests::TestDatabase database{GetParam(), clock};
  blob::MemoryStore store{"shared", *clock};
  tests::Trouble trouble;
  tests::TroubledStore shared{store, trouble};
  SeededRandom random{7};
  io::Runtime runtime{1};
  UploadLimits limits;
  tests::Uploader user;
  std::vector<std::unique_ptr<Node>> nodes;
};
SHOAL_ON_BOTH_ENGINES(StoredStaging);

TEST_P(StoredStaging, requests_that_alternate_between_nodes_make_the_whole) {
  const auto upload = create(1'000'000);
  EXPECT_EQ(append(0, upload, 0, 262'144)->received, 262'144U);
  EXPECT_EQ(append(1, upload, 262'144, 400'000)->received, 662'144U);
  const auto last = append(0, upload, 600'000, 400'000);
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_TRUE(last->is_complete());
  const auto head = wait(on(1).read_head(*last, 500'000));
  ASSERT_TRUE(head);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(head->data()), head->size()),
            bytes_of(0, 500'000));
  ASSERT_TRUE(announce("originals/x"));
  ASSERT_TRUE(wait(on(1).hand_over(*last, shared, "originals/x")));
  // Once more, as after a crash before the rows were written.
  ASSERT_TRUE(wait(on(0).hand_over(*last, shared, "originals/x")));
  EXPECT_TRUE(object("originals/x") == bytes_of(0, 1'000'000));
  ASSERT_TRUE(finish(*last));
  collect_trash();
  EXPECT_THAT(objects("uploads/"), IsEmpty());
  EXPECT_THAT(objects(), SizeIs(1));
  EXPECT_EQ(wait(on(1).find(user.id, upload.upload_id))->video, VideoId{5});
  for (const auto& node : nodes) EXPECT_TRUE(node->is_empty());
}

TEST_P(StoredStaging, of_two_nodes_at_once_the_slower_one_is_told_busy_and_leaves_nothing) {
  const auto upload = create(500'000);
  const auto slow = wait(on(0).append(user.id, upload.upload_id, 0, 200'000, 500'000,
                                      tests::pull_and_watch(bytes_of(0, 200'000), 100'000, [&] {
                                        return append_on_the_other(upload, 150'000);
                                      })));
  EXPECT_EQ(code(slow), ErrorCode::busy);
  EXPECT_EQ(wait(on(0).find(user.id, upload.upload_id))->received, 150'000U);
  ASSERT_TRUE(append(0, upload, 150'000, 350'000));
  EXPECT_THAT(objects("uploads/"), SizeIs(4));
  clock->advance(k_unrecorded_for + Seconds{1});
  collect_trash();
  // What no row names has gone, and what one names has not.
  EXPECT_THAT(objects("uploads/"), SizeIs(3));
  const auto head = wait(on(1).read_head(*wait(on(1).find(user.id, upload.upload_id)), 500'000));
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_TRUE(std::string(reinterpret_cast<const char*>(head->data()), head->size()) ==
              bytes_of(0, 500'000));
}

TEST_P(StoredStaging, what_came_before_the_peer_went_away_counts) {
  const auto upload = create(1000);
  EXPECT_FALSE(wait(on(0).append(user.id, upload.upload_id, 0, 1000, 1000,
                                 tests::pull_then_break(bytes_of(0, 600)))));
  EXPECT_EQ(wait(on(1).find(user.id, upload.upload_id))->received, 600U);
  EXPECT_TRUE(append(1, upload, 600, 400)->is_complete());
}

TEST_P(StoredStaging, one_long_request_is_acknowledged_on_the_way) {
  const auto upload = create(1'000'000);
  ASSERT_TRUE(append(0, upload, 0, 1'000'000));
  EXPECT_THAT(objects("uploads/"), SizeIs(testing::Ge(3U)));
}

TEST_P(StoredStaging, while_the_store_is_away_nothing_is_acknowledged_and_then_it_goes_on) {
  const auto upload = create(100'000);
  ASSERT_TRUE(append(0, upload, 0, 40'000));
  trouble.arm(tests::Trouble::Kind::death, 1);
  EXPECT_EQ(code(append(1, upload, 40'000, 60'000)), ErrorCode::unavailable);
  EXPECT_EQ(wait(on(0).find(user.id, upload.upload_id))->received, 40'000U);
  EXPECT_TRUE(nodes[1]->is_empty()) << "what could not be sent is not kept";
  trouble.disarm();
  EXPECT_TRUE(append(1, upload, 40'000, 60'000)->is_complete());
}

TEST_P(StoredStaging, whatever_the_store_was_doing_at_its_end_no_byte_is_lost_or_twice) {
  using Kind = tests::Trouble::Kind;
  const auto upload_all = [this](std::size_t node, const Upload& upload) -> Result<> {
    TRY(Upload now, wait(on(node).find(user.id, upload.upload_id)));
    while (!now.is_complete()) {
      const auto length = std::min<std::uint64_t>(250'000, *now.total - now.received);
      TRY(now, append(node, now, now.received, length));
    }
    TRY_VOID(announce("originals/" + upload.upload_id));
    return wait(on(node).hand_over(now, shared, "originals/" + upload.upload_id));
  };
  trouble.disarm();
  ASSERT_TRUE(upload_all(0, create(600'000)));
  const std::uint64_t operations = trouble.operations();
  ASSERT_GT(operations, 3U);
  for (const Kind kind : {Kind::error, Kind::death, Kind::late_death}) {
    for (std::uint64_t n = 1; n <= operations; ++n) {
      const auto upload = create(600'000);
      trouble.arm(kind, n);
      EXPECT_FALSE(upload_all(0, upload)) << n;
      trouble.disarm();
      const auto done = upload_all(1, upload);
      ASSERT_TRUE(done) << n << ": " << done.error().message;
      EXPECT_TRUE(object("originals/" + upload.upload_id) == bytes_of(0, 600'000)) << n;
      ASSERT_TRUE(wait(on(0).remove(user.id, upload.upload_id)));
    }
  }
  clock->advance(k_unrecorded_for + Seconds{1});
  collect_trash();
  // Not one part is left, nor an original that nobody recorded.
  EXPECT_THAT(objects("originals/"), IsEmpty());
  EXPECT_THAT(objects("uploads/"), SizeIs(3)) << "of the first upload, which goes on";
  for (const auto& node : nodes) EXPECT_TRUE(node->is_empty());
}

TEST_P(StoredStaging, removed_or_stale_its_objects_go_too) {
  const auto removed = create(1000);
  ASSERT_TRUE(append(0, removed, 0, 500));
  ASSERT_TRUE(wait(on(1).remove(user.id, removed.upload_id)));
  collect_trash();
  EXPECT_THAT(objects(), IsEmpty());
  const auto stale = create(1000);
  ASSERT_TRUE(append(0, stale, 0, 500));
  clock->advance(limits.stale_after + Seconds{10});
  EXPECT_EQ(wait(on(1).collect(10)), 1U);
  collect_trash();
  EXPECT_THAT(objects(), IsEmpty());
}

TEST_P(StoredStaging, with_its_owner_its_objects_go_too) {
  const auto upload = create(1000);
  ASSERT_TRUE(append(0, upload, 0, 500));
  ASSERT_TRUE(database->write_blocking([&](db::Session& session) -> Result<> {
    session.execute("delete from upload_session where id = :id", {upload.id});
    return {};
  }));
  clock->advance(k_unrecorded_for + Seconds{1});
  collect_trash();
  EXPECT_THAT(objects(), IsEmpty());
}

TEST_P(StoredStaging, an_upload_that_lasts_for_days_keeps_its_parts) {
  const auto upload = create(1000);
  std::uint64_t at = 0;
  for (int day = 0; day < 5; ++day) {
    ASSERT_TRUE(append(static_cast<std::size_t>(day % 2), upload, at, 200));
    at += 200;
    clock->advance(std::chrono::hours{23});
    collect_trash();
  }
  EXPECT_THAT(objects("uploads/"), SizeIs(5));
  EXPECT_TRUE(wait(on(0).read_head(*wait(on(0).find(user.id, upload.upload_id)), 1000)));
}

}  // namespace
}  // namespace shoal::storage
