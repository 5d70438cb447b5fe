#include "blob/s3_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/check.h"
#include "base/digest.h"
#include "base/text.h"
#include "blob/s3_check.h"
#include "io/runtime.h"
#include "io/task_group.h"
#include "tests/conformance/blob_store_conformance.h"
#include "tests/support/s3_server.h"

namespace shoal::blob {
namespace {

using tests::S3Server;

template <class T>
T wait(io::Runtime& runtime, io::Task<T> task) {
  std::optional<T> result;
  runtime.run_until_done([](io::Task<T> inner, std::optional<T>& out) -> io::Task<> {
    out.emplace(co_await std::move(inner));
  }(std::move(task), result));
  return std::move(*result);
}

/// A store in a bucket of its own.
struct Bucket {
  explicit Bucket(S3Server& on) : server(on), bucket(on.new_bucket()) {}

  S3StoreConfig config(const std::string& prefix = "media/") const {
    S3StoreConfig config;
    config.client.store = "archive";
    config.client.address = *s3::parse_address(server.endpoint(), bucket, prefix, true);
    config.client.credentials = {server.access_key(), server.secret_key(), ""};
    config.client.http = {Milliseconds{2'000}, Milliseconds{2'000}};
    config.part_size = s3::k_min_part_size;
    // Swift, whose keys have a colon, answers ACLs of objects with 501.
    if (server.access_key().contains(':')) config.public_acl = config.private_acl = "";
    return config;
  }
  std::unique_ptr<S3Store> make(const S3StoreConfig& from) {
    return std::make_unique<S3Store>(from, S3Store::Services{clock, random, metrics, files, disk});
  }
  std::unique_ptr<S3Store> attached(io::Runtime& runtime) {
    auto store = make(config());
    const auto attached = wait(runtime, store->attach({"instance"}));
    SHOAL_CHECK(attached.has_value());
    return store;
  }

  S3Server& server;
  std::string bucket;
  SystemClock clock;
  SystemRandom random;
  Metrics metrics;
  io::PosixFileSystem files;
  io::Offload disk{"disk", 2, 16};
};

template <S3Server& (*server)()>
struct S3Fixture {
  S3Fixture() {
    io::Runtime runtime(1);
    s3 = bucket.attached(runtime);
  }
  BlobStore& store() { return *s3; }
  Bucket bucket{server()};
  std::unique_ptr<S3Store> s3;
};
using RadosgwFixture = S3Fixture<S3Server::radosgw>;
using SwiftFixture = S3Fixture<S3Server::swift>;

INSTANTIATE_TYPED_TEST_SUITE_P(Radosgw, BlobStoreConformance, RadosgwFixture);
INSTANTIATE_TYPED_TEST_SUITE_P(Swift, BlobStoreConformance, SwiftFixture);

class S3StoreTest : public testing::Test {
 protected:
  template <class T>
  T run(io::Task<T> task) {
    return wait(runtime, std::move(task));
  }
  io::Path file(std::size_t size) {
    std::string bytes(size, '?');
    SeededRandom(size).fill(std::as_writable_bytes(std::span(bytes)));
    const io::Path path = scratch.path() / std::to_string(size);
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::string read(S3Store& store, const std::string& key) {
    auto reader = run(store.open(key));
    if (!reader) return reader.error().message;
    std::string text((*reader)->size(), '?');
    const auto got = run((*reader)->read_at(0, std::as_writable_bytes(std::span(text))));
    return got ? text : got.error().message;
  }
  /// As of a process that died: returns its id.
  std::string begin_upload(s3::Client& client, const std::string& key) {
    const auto begun = run(client.call({.name = "CreateMultipartUpload",
                                        .method = "POST",
                                        .key = key,
                                        .query = {{"uploads", ""}}}));
    SHOAL_CHECK(begun.has_value());
    return *s3::parse_initiate_multipart(begun->text);
  }
  void send_part(s3::Client& client, const std::string& key, const std::string& id,
                 const std::string& bytes) {
    SHOAL_CHECK(run(client.call({.name = "UploadPart",
                                 .method = "PUT",
                                 .key = key,
                                 .query = {{"partNumber", "1"}, {"uploadId", id}},
                                 .body = [bytes] { return net::text_body(bytes); },
                                 .payload_sha256 = to_hex(Sha256::of(bytes))}))
                    .has_value());
  }
  /// Ids of what lies in the bucket in parts.
  std::vector<std::string> begun_uploads(s3::Client& client) {
    const auto listed =
        run(client.call({.name = "ListMultipartUploads", .query = {{"uploads", ""}}}));
    SHOAL_CHECK(listed.has_value());
    const auto page = *s3::parse_list_uploads(listed->text);
    std::vector<std::string> ids;
    ids.reserve(page.uploads.size());
    for (const auto& upload : page.uploads) ids.push_back(upload.upload_id);
    return ids;
  }

  int status_for_a_stranger(const std::string& key) {
    const std::string url =
        fmt::format("{}/{}/media/{}", bucket.server.endpoint(), bucket.bucket, key);
    return run([](std::string from) -> io::Task<int> {
      const net::HttpClient stranger;
      const auto answer = co_await stranger.send({.url = std::move(from)});
      co_return answer ? answer->status : 0;
    }(url));
  }

  io::Runtime runtime{1};
  tests::TemporaryDirectory scratch;
  Bucket bucket{S3Server::radosgw()};
};

TEST_F(S3StoreTest, attaches_again_for_its_instance_and_for_no_other) {
  auto store = bucket.make(bucket.config());
  EXPECT_EQ(run(store->put_bytes("k", "x", {})).error().code, ErrorCode::unavailable);
  const auto mine = run(store->attach({"instance"}));
  ASSERT_TRUE(mine) << mine.error().message;
  EXPECT_EQ(run(bucket.make(bucket.config())->attach({"instance", *mine, true})), *mine);
  const auto foreign = run(bucket.make(bucket.config())->attach({"another"}));
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message, testing::HasSubstr("another Shoal instance"));
}

TEST_F(S3StoreTest, claims_no_place_that_holds_something) {
  ASSERT_EQ(bucket.server.request("PUT", "/" + bucket.bucket + "/media/theirs", "x").status, 200);
  const auto claimed = run(bucket.make(bucket.config())->attach({"instance"}));
  ASSERT_FALSE(claimed);
  EXPECT_THAT(claimed.error().message, testing::HasSubstr("holds objects"));
  EXPECT_TRUE(run(bucket.make(bucket.config("other/"))->attach({"instance"})));
}

TEST_F(S3StoreTest, nodes_that_claim_an_empty_place_at_once_are_of_one_store) {
  const StoreRegistration known{.instance_id = "instance", .claim_id = "agreed"};
  for (int round = 0; round < 10; ++round) {
    const auto prefix = fmt::format("round-{}/", round);
    auto one = bucket.make(bucket.config(prefix));
    auto two = bucket.make(bucket.config(prefix));
    std::vector<std::string> found;
    const auto claim = [](S3Store& store, StoreRegistration with,
                          std::vector<std::string>& out) -> io::Task<> {
      const auto claimed = co_await store.attach(std::move(with));
      out.push_back(claimed ? claimed->store_id : claimed.error().message);
    };
    io::TaskGroup nodes(runtime.executor(0), "nodes");
    nodes.spawn(claim(*one, known, found));
    nodes.spawn(claim(*two, known, found));
    runtime.run_until_done(nodes.drain());
    EXPECT_THAT(found, testing::ElementsAre("agreed", "agreed"));
  }
}

TEST_F(S3StoreTest, a_bucket_that_was_emptied_is_offline_and_nothing_is_missing) {
  auto store = bucket.attached(runtime);
  ASSERT_TRUE(run(store->put_bytes("k", "bytes", {})));
  for (const auto* key : {"k", ".shoal-store"})
    bucket.server.request("DELETE", "/" + bucket.bucket + "/media/" + key);
  EXPECT_EQ(run(store->open("k")).error().code, ErrorCode::unavailable);
  EXPECT_FALSE(store->is_attached());
  EXPECT_EQ(run(store->put_bytes("new", "x", {})).error().code, ErrorCode::unavailable);
}

TEST_F(S3StoreTest, a_bucket_that_was_made_anew_is_accepted_as_the_next_generation) {
  auto store = bucket.attached(runtime);
  const auto first = run(store->attach({"instance"}));
  ASSERT_TRUE(first);
  bucket.server.request("DELETE", "/" + bucket.bucket + "/media/.shoal-store");
  bucket.server.request("PUT", "/" + bucket.bucket + "/media/copied-back", "bytes");
  const StoreRegistration known{"instance", *first, true};
  EXPECT_EQ(run(bucket.make(bucket.config())->attach(known)).error().code, ErrorCode::unavailable);
  auto anew = bucket.make(bucket.config());
  const auto accepted = run(anew->accept(known));
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ(accepted->generation, 2);
  EXPECT_EQ(run(anew->accept(known)), *accepted) << "what is there stays";
  EXPECT_EQ(run(anew->attach({"instance", *accepted, true})), *accepted);
  EXPECT_EQ(read(*anew, "copied-back"), "bytes");
  EXPECT_EQ(run(bucket.make(bucket.config())->accept({"another"})).error().code,
            ErrorCode::unavailable);
}

TEST_F(S3StoreTest, uploads_in_parts_that_nobody_ended_are_ended) {
  auto store = bucket.attached(runtime);
  s3::Client client(bucket.config().client, bucket.clock, bucket.random, bucket.metrics);
  S3StoreConfig beside = bucket.config("other/");
  s3::Client neighbour(beside.client, bucket.clock, bucket.random, bucket.metrics);
  for (s3::Client* of : {&client, &client, &neighbour}) {
    ASSERT_TRUE(run(of->call({.name = "CreateMultipartUpload",
                              .method = "POST",
                              .key = "large",
                              .query = {{"uploads", ""}}})));
  }
  const UtcTime later = bucket.clock.now() + Seconds{60};
  EXPECT_EQ(run(store->abort_uploads(bucket.clock.now() - Seconds{60}, false)), 0U) << "too young";
  EXPECT_EQ(run(store->abort_uploads(later, true)), 2U);
  EXPECT_EQ(run(store->abort_uploads(later, false)), 2U);
  EXPECT_EQ(run(store->abort_uploads(later, true)), 0U);
  auto other = bucket.make(beside);
  ASSERT_TRUE(run(other->attach({"instance"})));
  EXPECT_EQ(run(other->abort_uploads(later, true)), 1U) << "another store's";
}

TEST_F(S3StoreTest, a_large_file_goes_up_in_parts_and_reads_back) {
  auto store = bucket.attached(runtime);
  const std::size_t size = 3 * s3::k_min_part_size + 12'345;
  const io::Path path = file(size);
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const auto put = run(store->put_file("large", path, {.content_type = "video/mp4"}));
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(read(*store, "large") == bytes);
  const auto head = bucket.server.request("HEAD", "/" + bucket.bucket + "/media/large");
  EXPECT_THAT(head.headers, testing::HasSubstr("video/mp4"));
  EXPECT_EQ(run(store->put_file("large", file(size), {})).error().code, ErrorCode::conflict);
}

TEST_F(S3StoreTest, parts_of_an_upload_that_was_broken_off_are_not_sent_again) {
  auto store = bucket.attached(runtime);
  const std::size_t size = 2 * s3::k_min_part_size + 1;
  const io::Path path = file(size);
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  s3::Client client(bucket.config().client, bucket.clock, bucket.random, bucket.metrics);
  send_part(client, "large", begin_upload(client, "large"), bytes.substr(0, s3::k_min_part_size));
  ASSERT_TRUE(run(store->put_file("large", path, {})));
  EXPECT_TRUE(read(*store, "large") == bytes);
  EXPECT_THAT(bucket.metrics.render(),
              testing::HasSubstr("operation=\"UploadPart\",outcome=\"ok\",store=\"archive\"} 3"));
}

TEST_F(S3StoreTest, a_copy_is_for_others_or_for_nobody_else_as_it_is_told) {
  auto store = bucket.attached(runtime);
  ASSERT_TRUE(run(store->put_bytes("secret", "bytes", {.content_type = "video/mp4"})));
  ASSERT_TRUE(run(store->copy("secret", "told", {.content_type = "video/mp4", .is_public = true})));
  ASSERT_TRUE(run(store->copy("told", "secret-again", {.content_type = "video/mp4"})));
  EXPECT_EQ(status_for_a_stranger("secret"), 403);
  EXPECT_EQ(status_for_a_stranger("told"), 200);
  EXPECT_EQ(status_for_a_stranger("secret-again"), 403);
  const auto head = bucket.server.request("HEAD", "/" + bucket.bucket + "/media/told");
  EXPECT_THAT(head.headers, testing::HasSubstr("video/mp4"));
  EXPECT_THAT(head.headers, testing::HasSubstr("immutable"));
}

TEST_F(S3StoreTest, base_urls_find_something_public_where_viewers_are_sent_to_objects) {
  S3StoreConfig config = bucket.config();
  config.has_public_check = true;
  ASSERT_TRUE(run(bucket.make(config)->attach({"instance"})));
  EXPECT_EQ(status_for_a_stranger(".shoal-public"), 200);
  EXPECT_EQ(status_for_a_stranger(".shoal-store"), 403);
}

TEST_F(S3StoreTest, a_large_object_is_copied_in_parts) {
  S3StoreConfig config = bucket.config();
  config.largest_single_copy = s3::k_min_part_size;
  auto store = bucket.make(config);
  ASSERT_TRUE(run(store->attach({"instance"})));
  const io::Path path = file(2 * s3::k_min_part_size + 7);
  ASSERT_TRUE(run(store->put_copy("large", path, {})));
  const auto copied = run(store->copy("large", "again", {}));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_TRUE(read(*store, "again") == read(*store, "large"));
  EXPECT_THAT(bucket.metrics.render(),
              testing::HasSubstr("operation=\"UploadPartCopy\",outcome=\"ok\""));
}

TEST_F(S3StoreTest, bytes_that_are_not_what_the_caller_knows_are_not_taken) {
  auto store = bucket.attached(runtime);
  const io::Path path = file(100'000);
  EXPECT_FALSE(run(store->put_copy("k", path, {.sha256 = to_hex(Sha256::of("others"))})));
  EXPECT_EQ(run(store->status("k")).error().code, ErrorCode::not_found);
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  EXPECT_TRUE(run(store->put_copy("k", path, {.sha256 = to_hex(Sha256::of(bytes))})));
}

TEST_F(S3StoreTest, of_uploads_that_were_begun_twice_none_is_left) {
  auto store = bucket.attached(runtime);
  s3::Client client(bucket.config().client, bucket.clock, bucket.random, bucket.metrics);
  // As when the answer to the first was lost.
  begin_upload(client, "large");
  begin_upload(client, "large");
  ASSERT_TRUE(run(store->put_file("large", file(2 * s3::k_min_part_size), {})));
  EXPECT_EQ(begun_uploads(client), std::vector<std::string>{});
}

TEST_F(S3StoreTest, what_was_sent_of_a_removed_object_goes_with_it) {
  auto store = bucket.attached(runtime);
  s3::Client client(bucket.config().client, bucket.clock, bucket.random, bucket.metrics);
  send_part(client, "large", begin_upload(client, "large"), "some");
  const std::string another = begin_upload(client, "large-2");
  ASSERT_TRUE(run(store->remove("large")));
  EXPECT_EQ(begun_uploads(client), std::vector{another});
}

TEST_F(S3StoreTest, wrong_keys_and_buckets_are_told_apart) {
  S3StoreConfig wrong = bucket.config();
  wrong.client.credentials.secret_access_key = "wrong";
  const auto refused = run(bucket.make(wrong)->attach({"instance"}));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("secret"));
  S3StoreConfig nowhere = bucket.config();
  nowhere.client.address.bucket = "there-is-none";
  const auto missing = run(bucket.make(nowhere)->attach({"instance"}));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, testing::HasSubstr("there-is-none"));
}

TEST_F(S3StoreTest, a_presigned_url_needs_no_keys) {
  auto store = bucket.attached(runtime);
  ASSERT_TRUE(run(store->put_bytes("k", "bytes", {})));
  const auto url = store->presigned_url("k", Seconds{60});
  ASSERT_TRUE(url);
  const net::HttpClient anybody;
  const auto got =
      run([](const net::HttpClient& client, std::string from) -> io::Task<Result<std::string>> {
        CO_TRY(auto answer, co_await client.send({.url = std::move(from)}));
        EXPECT_EQ(answer.status, 200);
        co_return co_await net::read_text(*answer.body, 100);
      }(anybody, *url));
  EXPECT_EQ(got, "bytes");
}

TEST_F(S3StoreTest, a_presigned_put_takes_one_object_of_just_its_size) {
  auto store = bucket.attached(runtime);
  const auto url = store->presigned_put_url("k", Seconds{60}, 5);
  ASSERT_TRUE(url);
  const auto send = [this](std::string to, std::string method, std::string bytes) {
    const net::HttpClient anybody;
    net::ClientRequest request{.method = std::move(method), .url = std::move(to)};
    if (!bytes.empty()) request.body = net::text_body(std::move(bytes));
    const auto answer =
        run([](const net::HttpClient& client, net::ClientRequest what) -> io::Task<Result<int>> {
          CO_TRY(auto got, co_await client.send(std::move(what)));
          CO_TRY_VOID(co_await net::read_text(*got.body, 10'000));
          co_return got.status;
        }(anybody, std::move(request)));
    return answer.value_or(0);
  };
  EXPECT_EQ(send(*url, "PUT", "longer than five"), 403);
  EXPECT_EQ(send(*url, "GET", ""), 403);
  std::string elsewhere = *url;
  elsewhere.replace(elsewhere.find("/k?"), 3, "/j?");
  EXPECT_EQ(send(elsewhere, "PUT", "bytes"), 403);
  EXPECT_EQ(run(store->status("k")).error().code, ErrorCode::not_found);
  EXPECT_EQ(send(*url, "PUT", "bytes"), 200);
  EXPECT_EQ(run(store->status("k"))->size, 5);
}

TEST_F(S3StoreTest, rates_and_connections_are_bounded) {
  S3StoreConfig config = bucket.config();
  config.client.max_connections = 1;
  config.client.upload_rate = 4'000'000;
  config.client.download_rate = 4'000'000;
  config.client.request_rate = 100;
  auto store = bucket.make(config);
  ASSERT_TRUE(run(store->attach({"instance"})));
  const auto started = bucket.clock.steady_now();
  // Two seconds' worth and one that is free, in each direction.
  ASSERT_TRUE(run(store->put_file("slow", file(6'000'000), {})));
  EXPECT_EQ(read(*store, "slow").size(), 6'000'000U);
  EXPECT_GE(bucket.clock.steady_now() - started, std::chrono::milliseconds(900));
}

TEST_F(S3StoreTest, a_check_says_what_passed_and_what_to_change) {
  const CheckedDoors doors{
      .base_urls = {}, .redirects = true, .presigns = true, .origin = "https://v"};
  const auto steps =
      run(check_store(bucket.config(), doors, bucket.clock, bucket.random, bucket.metrics));
  std::map<std::string, bool> passed;
  for (const CheckStep& step : steps) passed[step.name] = step.passed;
  for (const auto* name : {"keys and bucket", "clock", "put an object", "checksums", "read a range",
                           "put in parts", "private objects", "presigned URL", "delete"})
    EXPECT_TRUE(passed[name]) << name;
  // Nobody has told this bucket of the web client.
  EXPECT_FALSE(passed["CORS of presigned URLs"]);
  const auto left = bucket.server.request("GET", "/" + bucket.bucket + "/");
  EXPECT_THAT(left.body, testing::Not(testing::HasSubstr("shoal-check")));

  S3StoreConfig wrong = bucket.config();
  wrong.client.credentials.access_key_id = "nobody";
  const auto refused = run(check_store(wrong, doors, bucket.clock, bucket.random, bucket.metrics));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_FALSE(refused[0].passed);
}

TEST_F(S3StoreTest, a_server_that_is_down_is_soon_not_asked_any_more) {
  S3Server server("radosgw.sh");
  Bucket own(server);
  auto store = own.attached(runtime);
  ASSERT_TRUE(run(store->put_bytes("k", "bytes", {})));
  server.stop();
  while (!store->is_away()) EXPECT_EQ(run(store->status("k")).error().code, ErrorCode::unavailable);
  const auto asked = own.metrics.sum("shoal_store_requests_total");
  EXPECT_EQ(run(store->status("k")).error().code, ErrorCode::unavailable);
  EXPECT_EQ(own.metrics.sum("shoal_store_requests_total"), asked);
  server.start();
  while (!run(store->status("k"))) {
  }
  EXPECT_EQ(read(*store, "k"), "bytes");
}

}  // namespace
}  // namespace shoal::blob
