#include "blob/s3_store.h"

#include "base/digest.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "blob/s3/copy.h"
#include "blob/s3/join.h"
#include "blob/s3/reader.h"
#include "blob/s3/requests.h"

namespace shoal::blob {
namespace {

constexpr std::size_t k_most_per_page = 1000;

s3::UploadConfig upload_config(const S3StoreConfig& config, bool has_conditional_put) {
  return {.part_size = config.part_size,
          .parallel_parts = config.parallel_parts,
          .has_conditional_put = has_conditional_put};
}

}  // namespace

S3Store::S3Store(S3StoreConfig config, Services services)
    : config_(std::move(config)),
      services_(services),
      client_(config_.client, services.clock, services.random, services.metrics),
      why_offline_("it was not looked at yet") {}

StorePlace S3Store::place() const {
  const s3::Address& address = config_.client.address;
  return {name(),
          fmt::format("bucket {}{}{} at {}", address.bucket, address.prefix.empty() ? "" : "/",
                      address.prefix, address.host_and_port),
          "If the bucket was deleted or is another one, correct the store's bucket and prefix in "
          "the configuration, or bring it back."};
}

bool S3Store::is_attached() const {
  const std::scoped_lock lock(mutex_);
  return identity_.has_value();
}

Result<> S3Store::check(const std::string& key) const {
  if (!is_valid_key(key)) return fail(ErrorCode::invalid, "not an object key: " + key);
  const std::scoped_lock lock(mutex_);
  if (identity_) return {};
  return fail(ErrorCode::unavailable, fmt::format("store {} is offline: {}", name(), why_offline_));
}

io::Task<Result<StoreIdentity>> S3Store::read_marker() {
  CO_TRY(const s3::Reply reply,
         co_await client_.call({.name = "GetObject", .key = std::string(k_marker_name)}));
  co_return parse_marker(reply.text);
}

io::Task<Result<StoreIdentity>> S3Store::claim(StoreRegistration known) {
  const std::string prefix = config_.client.address.prefix;
  CO_TRY(const s3::Reply listed,
         co_await client_.call(
             {.name = "ListObjectsV2",
              .query = {{"list-type", "2"}, {"max-keys", "1"}, {"prefix", prefix}}}));
  CO_TRY(const s3::ObjectPage page, s3::parse_list_objects(listed.text));
  if (!page.objects.empty()) {
    // Another node of this instance may have claimed it since.
    auto found = judge_marker(place(), co_await read_marker(), known);
    if (found || found.error().code != ErrorCode::not_found) co_return found;
    co_return fail(
        ErrorCode::unavailable,
        fmt::format("{} holds objects but no {} marker: it is not a store of this instance. Choose "
                    "an empty bucket or prefix, or take it over with `shoal store accept {}`.",
                    place().where, k_marker_name, name()));
  }
  const StoreIdentity identity{
      known.claim_id ? *known.claim_id : Uuid::generate(services_.random).text(), known.instance_id,
      1};
  const auto put = co_await put_marker(identity);
  if (!put && put.error().code != ErrorCode::conflict) co_return std::unexpected(put.error());
  // Whoever was first: what is there now counts.
  co_return judge_marker(place(), co_await read_marker(), known);
}

io::Task<Result<>> S3Store::put_marker(StoreIdentity identity) {
  co_return co_await s3::upload(client_, upload_config(config_, false), std::string(k_marker_name),
                                headers_of({.content_type = "application/json"}),
                                s3::UploadSource::of_text(format_marker(identity)));
}

io::Task<Result<StoreIdentity>> S3Store::accept(StoreRegistration known) {
  // Any marker of this instance is right, and none may be written.
  auto found = judge_marker(place(), co_await read_marker(), {.instance_id = known.instance_id});
  if (found || found.error().code != ErrorCode::not_found) co_return found;
  const StoreIdentity identity{Uuid::generate(services_.random).text(), known.instance_id,
                               known.marker ? known.marker->generation + 1 : 1};
  CO_TRY_VOID(co_await put_marker(identity));
  co_return identity;
}

io::Task<Result<std::size_t>> S3Store::abort_uploads(UtcTime before, bool only_counts) {
  CO_TRY_VOID(check("any"));
  const std::string& root = config_.client.address.prefix;
  std::size_t found = 0;
  s3::UploadPage page;
  do {
    s3::NameValues query{{"prefix", root}, {"uploads", ""}};
    if (page.is_truncated) {
      query.emplace_back("key-marker", page.next_key_marker);
      query.emplace_back("upload-id-marker", page.next_upload_id_marker);
    }
    CO_TRY(const s3::Reply listed,
           co_await client_.call({.name = "ListMultipartUploads", .query = std::move(query)}));
    const std::string last_key = page.next_key_marker;
    const std::string last_id = page.next_upload_id_marker;
    CO_TRY(page, s3::parse_list_uploads(listed.text));
    for (const s3::ListedUpload& upload : page.uploads) {
      const std::string key = upload.key.substr(std::min(root.size(), upload.key.size()));
      // Of no known age, or not ours: left alone.
      if (!upload.initiated || *upload.initiated >= before || !is_valid_key(key)) continue;
      ++found;
      if (only_counts) continue;
      const auto aborted = co_await client_.call({.name = "AbortMultipartUpload",
                                                  .method = "DELETE",
                                                  .key = key,
                                                  .query = {{"uploadId", upload.upload_id}}});
      if (!aborted && aborted.error().code != ErrorCode::not_found)
        co_return std::unexpected(aborted.error());
    }
    // A server that gives the same page for ever is not asked for ever.
    if (page.next_key_marker == last_key && page.next_upload_id_marker == last_id) break;
  } while (page.is_truncated);
  co_return found;
}

io::Task<Result<>> S3Store::learn(const StoreIdentity& identity) {
  // The marker is put once more, as it is: a server that keeps the condition refuses.
  auto headers = headers_of({.content_type = "application/json"});
  headers.emplace_back("if-none-match", "*");
  const std::string text = format_marker(identity);
  const auto put = co_await client_.call({.name = "PutObject",
                                          .method = "PUT",
                                          .key = std::string(k_marker_name),
                                          .headers = std::move(headers),
                                          .body = [text] { return net::text_body(text); },
                                          .payload_sha256 = to_hex(Sha256::of(text))});
  const bool refused = !put && put.error().code == ErrorCode::conflict;
  const bool unknown = !put && (put.error().code == ErrorCode::unsupported ||
                                put.error().code == ErrorCode::invalid);
  if (!put && !refused && !unknown) co_return std::unexpected(put.error());
  const std::scoped_lock lock(mutex_);
  has_conditional_put_ = refused;
  co_return Result<>{};
}

io::Task<Result<>> S3Store::put_public_check() {
  const std::string text(k_public_check_text);
  CO_TRY_VOID(co_await client_.call(
      {.name = "PutObject",
       .method = "PUT",
       .key = std::string(k_public_check_name),
       .headers = headers_of({.content_type = "text/plain", .is_public = true}),
       .body = [text] { return net::text_body(text); },
       .payload_sha256 = to_hex(Sha256::of(text))}));
  co_return Result<>{};
}

io::Task<Result<StoreIdentity>> S3Store::attach(StoreRegistration known) {
  auto identity = judge_marker(place(), co_await read_marker(), known);
  if (!identity && identity.error().code == ErrorCode::not_found)
    identity = co_await claim(std::move(known));
  if (identity && !is_attached()) {
    auto learnt = co_await learn(*identity);
    if (learnt && config_.has_public_check) learnt = co_await put_public_check();
    if (!learnt) identity = std::unexpected(learnt.error());
  }
  const std::scoped_lock lock(mutex_);
  if (identity) {
    identity_ = *identity;
  } else {
    identity_.reset();
    why_offline_ = identity.error().message;
  }
  co_return identity;
}

io::Task<Error> S3Store::confirm_missing(Error missing) {
  std::optional<StoreIdentity> ours;
  {
    const std::scoped_lock lock(mutex_);
    ours = identity_;
  }
  const auto marker = co_await read_marker();
  if (ours && marker && *marker == *ours) co_return missing;
  if (!marker && marker.error().code != ErrorCode::not_found) co_return marker.error();
  const std::string why = fmt::format("its marker is gone or another's in {}", place().where);
  log::error("a store went offline", {{"store", name()}, {"reason", why}});
  const std::scoped_lock lock(mutex_);
  identity_.reset();
  why_offline_ = why;
  co_return Error{ErrorCode::unavailable, fmt::format("store {} is offline: {}", name(), why)};
}

s3::NameValues S3Store::headers_of(const ObjectTraits& traits) const {
  s3::NameValues headers{{"content-type", traits.content_type},
                         {"cache-control", traits.is_public ? "public, max-age=31536000, immutable"
                                                            : "private, max-age=3600"}};
  const std::string& acl = traits.is_public ? config_.public_acl : config_.private_acl;
  if (!acl.empty()) headers.emplace_back("x-amz-acl", acl);
  if (!config_.storage_class.empty())
    headers.emplace_back("x-amz-storage-class", config_.storage_class);
  return headers;
}

io::Task<Result<>> S3Store::put(std::string key, ObjectTraits traits, s3::UploadSource source) {
  CO_TRY_VOID(check(key));
  bool conditional = false;
  {
    const std::scoped_lock lock(mutex_);
    conditional = has_conditional_put_;
  }
  source.expect(traits.sha256);
  co_return co_await s3::upload(client_, upload_config(config_, conditional), std::move(key),
                                headers_of(traits), std::move(source));
}

io::Task<Result<>> S3Store::put_bytes(std::string key, std::string bytes, ObjectTraits traits) {
  co_return co_await put(std::move(key), std::move(traits),
                         s3::UploadSource::of_text(std::move(bytes)));
}

io::Task<Result<>> S3Store::put_copy(std::string key, io::Path file, ObjectTraits traits) {
  struct Opened {
    std::shared_ptr<io::File> file;
    std::uint64_t size = 0;
  };
  CO_TRY(Opened opened,
         co_await services_.disk.run([&files = services_.files, file]() -> Result<Opened> {
           TRY(std::shared_ptr<io::File> handle, files.open(file, io::OpenMode::read));
           TRY(const std::uint64_t size, handle->size());
           return Opened{std::move(handle), size};
         }));
  co_return co_await put(
      std::move(key), std::move(traits),
      s3::UploadSource::of_file(std::move(opened.file), opened.size, services_.disk));
}

io::Task<Result<>> S3Store::put_file(std::string key, io::Path file, ObjectTraits traits) {
  CO_TRY_VOID(co_await put_copy(std::move(key), file, std::move(traits)));
  // The object is safe; a file that cannot be removed now is only litter.
  (void)co_await services_.disk.run(
      [&files = services_.files, file = std::move(file)] { return files.remove(file); });
  co_return Result<>{};
}

io::Task<Result<>> S3Store::copy(std::string from_key, std::string to_key, ObjectTraits traits) {
  CO_TRY_VOID(check(to_key));
  CO_TRY(const s3::Reply from, co_await head(from_key));
  CO_TRY(const std::uint64_t size, s3::length_in(from));
  CO_TRY_VOID(co_await check_free(to_key));
  s3::NameValues headers = headers_of(traits);
  if (const auto sum = from.headers.find("x-amz-meta-sha256"))
    headers.emplace_back("x-amz-meta-sha256", *sum);
  co_return co_await s3::copy_object(client_, {.from_key = std::move(from_key),
                                               .to_key = std::move(to_key),
                                               .size = size,
                                               .headers = std::move(headers),
                                               .largest_single = config_.largest_single_copy});
}

io::Task<Result<>> S3Store::join(std::vector<std::string> from_keys, std::string to_key,
                                 ObjectTraits traits) {
  CO_TRY_VOID(check(to_key));
  CO_TRY_VOID(co_await check_free(to_key));
  co_return co_await s3::join_objects(client_, std::move(from_keys), std::move(to_key),
                                      headers_of(traits), config_.parallel_parts);
}

io::Task<Result<>> S3Store::check_free(std::string key) {
  const auto there = co_await s3::size_of(client_, key);
  if (there) co_return fail(ErrorCode::conflict, "there is an object " + key + " already");
  if (there.error().code != ErrorCode::not_found) co_return std::unexpected(there.error());
  co_return Result<>{};
}

io::Task<Result<s3::Reply>> S3Store::head(std::string key) {
  CO_TRY_VOID(check(key));
  auto reply =
      co_await client_.call({.name = "HeadObject", .method = "HEAD", .key = std::move(key)});
  if (reply || reply.error().code != ErrorCode::not_found) co_return reply;
  co_return std::unexpected(co_await confirm_missing(reply.error()));
}

io::Task<Result<ObjectStatus>> S3Store::status(std::string key) {
  CO_TRY(const s3::Reply reply, co_await head(std::move(key)));
  CO_TRY(const std::uint64_t size, s3::length_in(reply));
  const auto modified = parse_http_date(reply.headers.find("Last-Modified").value_or(""));
  co_return ObjectStatus{size, modified.value_or(UtcTime{})};
}

io::Task<Result<std::unique_ptr<ObjectReader>>> S3Store::open(std::string key) {
  CO_TRY(const ObjectStatus found, co_await status(key));
  co_return s3::make_reader(client_, std::move(key), found.size);
}

io::Task<Result<>> S3Store::remove(std::string key) {
  CO_TRY_VOID(check(key));
  const auto reply =
      co_await client_.call({.name = "DeleteObject", .method = "DELETE", .key = key});
  if (!reply) {
    if (reply.error().code != ErrorCode::not_found) co_return std::unexpected(reply.error());
    const Error missing = co_await confirm_missing(reply.error());
    if (missing.code != ErrorCode::not_found) co_return std::unexpected(missing);
  }
  // Parts of it that were sent before are paid for, and no list of objects shows them.
  const auto aborted = co_await s3::abort_uploads(client_, std::move(key));
  if (!aborted && aborted.error().code != ErrorCode::unsupported)
    co_return std::unexpected(aborted.error());
  co_return Result<>{};
}

io::Task<Result<std::vector<std::string>>> S3Store::list(std::string prefix, std::string after,
                                                         std::size_t limit) {
  CO_TRY_VOID(check("any"));
  const std::string& root = config_.client.address.prefix;
  std::vector<std::string> keys;
  std::string token;
  std::string start = after.empty() ? std::string() : root + after;
  for (bool more = true; more && keys.size() < limit;) {
    s3::NameValues query{{"list-type", "2"},
                         {"max-keys", std::to_string(std::min(k_most_per_page, limit + 1))},
                         {"prefix", root + prefix}};
    if (!token.empty()) {
      query.emplace_back("continuation-token", token);
    } else if (!start.empty()) {
      query.emplace_back("start-after", start);
    }
    CO_TRY(const s3::Reply reply,
           co_await client_.call({.name = "ListObjectsV2", .query = std::move(query)}));
    CO_TRY(s3::ObjectPage page, s3::parse_list_objects(reply.text));
    for (s3::ListedObject& object : page.objects) {
      std::string key = object.key.substr(std::min(root.size(), object.key.size()));
      // Ours alone: not the marker, nor what others have put beside.
      if (is_valid_key(key) && keys.size() < limit) keys.push_back(std::move(key));
    }
    // A server that gives the same page for ever is not asked for ever.
    more = page.is_truncated && (page.next_token != token || page.next_token.empty()) &&
           (page.next_marker != start || !page.next_token.empty());
    token = page.next_token;
    start = page.next_marker;
  }
  co_return keys;
}

}  // namespace shoal::blob
