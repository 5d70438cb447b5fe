#include "blob/s3_check.h"

#include "base/digest.h"
#include "base/text.h"
#include "blob/s3/reader.h"

namespace shoal::blob {
namespace {

constexpr Seconds k_signed_for{60};
constexpr std::chrono::minutes k_clock_may_differ{5};

class Check {
 public:
  Check(S3StoreConfig config, CheckedDoors doors, const Clock& clock, Random& random,
        Metrics& metrics)
      : config_(std::move(config)),
        doors_(std::move(doors)),
        clock_(clock),
        client_(config_.client, clock, random, metrics),
        folder_(fmt::format(".shoal-check/{}/", random.hex(8))),
        text_(random.hex(512)) {}

  io::Task<std::vector<CheckStep>> run() {
    if (!co_await look_at_bucket()) co_return std::move(steps_);
    if (co_await put("object", false, "put an object")) {
      co_await compare_checksums();
      co_await read_range();
      co_await put_in_parts();
      co_await keep_strangers_out();
      if (doors_.redirects) co_await let_the_public_in();
      if (doors_.presigns) co_await follow_presigned_url();
    }
    co_await remove_all();
    co_return std::move(steps_);
  }

 private:
  void passed(std::string name, std::string message) {
    steps_.push_back({std::move(name), true, std::move(message)});
  }
  void failed(std::string name, std::string message) {
    steps_.push_back({std::move(name), false, std::move(message)});
  }

  io::Task<bool> look_at_bucket() {
    const auto listed = co_await client_.call(
        {.name = "ListObjectsV2", .query = {{"list-type", "2"}, {"max-keys", "1"}}});
    if (!listed) {
      failed("keys and bucket", listed.error().message);
      co_return false;
    }
    passed("keys and bucket", fmt::format("bucket {} at {} answers", config_.client.address.bucket,
                                          config_.client.address.host_and_port));
    const auto theirs = parse_http_date(listed->headers.find("Date").value_or(""));
    if (theirs) {
      const auto off = std::chrono::abs(*theirs - clock_.now());
      const auto seconds = std::chrono::duration_cast<Seconds>(off).count();
      if (off > k_clock_may_differ) {
        failed("clock",
               fmt::format("this machine's clock and the store's differ by {} s, and at 15 "
                           "minutes it refuses all requests: run a time service (timedatectl "
                           "set-ntp true)",
                           seconds));
      } else {
        passed("clock", fmt::format("differs by {} s", seconds));
      }
    }
    co_return true;
  }

  s3::NameValues headers(bool is_public) const {
    const std::string& acl = is_public ? config_.public_acl : config_.private_acl;
    s3::NameValues fields{{"content-type", "text/plain"}};
    if (!acl.empty()) fields.emplace_back("x-amz-acl", acl);
    if (!config_.storage_class.empty())
      fields.emplace_back("x-amz-storage-class", config_.storage_class);
    return fields;
  }

  io::Task<bool> put(std::string name, bool is_public, std::string step) {
    const auto put = co_await client_.call({.name = "PutObject",
                                            .method = "PUT",
                                            .key = folder_ + name,
                                            .headers = headers(is_public),
                                            .body = [text = text_] { return net::text_body(text); },
                                            .payload_sha256 = to_hex(Sha256::of(text_))});
    if (put) {
      objects_.push_back(name);
      passed(std::move(step), fmt::format("{} bytes", text_.size()));
    } else {
      const std::string& acl = is_public ? config_.public_acl : config_.private_acl;
      failed(std::move(step),
             put.error().message +
                 (acl.empty() ? ""
                              : fmt::format(" If the provider refuses ACLs, set the store's "
                                            "upload_acl to none (this one sent {}).",
                                            acl)));
    }
    co_return put.has_value();
  }

  io::Task<> compare_checksums() {
    const auto put = co_await client_.call({.name = "PutObject",
                                            .method = "PUT",
                                            .key = folder_ + "wrong",
                                            .headers = headers(false),
                                            .body = [text = text_] { return net::text_body(text); },
                                            .payload_sha256 = to_hex(Sha256::of("other bytes"))});
    if (!put) {
      passed("checksums", "bytes that do not match their SHA-256 are refused");
      co_return;
    }
    objects_.emplace_back("wrong");
    failed("checksums",
           "the server took bytes that do not match their SHA-256: it checks no "
           "uploads, so a connection that corrupts bytes goes unnoticed. Do not use it.");
  }

  io::Task<> read_range() {
    auto reader = s3::make_reader(client_, folder_ + "object", text_.size());
    std::string part(100, '?');
    const auto got = co_await reader->read_at(200, std::as_writable_bytes(std::span(part)));
    if (!got) {
      failed("read a range", got.error().message);
    } else if (part != text_.substr(200, 100)) {
      failed("read a range", "the store answered other bytes than were put");
    } else {
      passed("read a range", "100 bytes of the middle");
    }
  }

  io::Task<> put_in_parts() {
    std::string large(s3::k_min_part_size + 1000, 'x');
    objects_.emplace_back("parts");
    const auto put = co_await s3::upload(
        client_, {.part_size = s3::k_min_part_size, .has_conditional_put = false},
        folder_ + "parts", headers(false), s3::UploadSource::of_text(std::move(large)));
    if (put) {
      passed("put in parts", "two parts of a multipart upload");
    } else {
      failed("put in parts", put.error().message);
    }
  }

  struct Answer {
    int status = 0;
    std::string text;
    bool allows_origin = false;
  };
  io::Task<Result<Answer>> ask_as_stranger(std::string url) {
    net::ClientRequest request{.url = std::move(url), .deadline = Seconds{10}};
    request.headers.add("Origin", doors_.origin);
    CO_TRY(net::ClientResponse got, co_await stranger_.send(std::move(request)));
    Answer answer;
    answer.status = got.status;
    const auto allowed = got.headers.find("Access-Control-Allow-Origin");
    answer.allows_origin = allowed && (*allowed == "*" || *allowed == doors_.origin);
    CO_TRY(answer.text, co_await net::read_text(*got.body, 1 << 20));
    co_return answer;
  }

  std::string bucket_url(std::string_view name) const {
    const auto& address = config_.client.address;
    const s3::Location location = s3::object_location(address, folder_ + std::string(name));
    return fmt::format("{}://{}{}", address.scheme, location.host, location.path);
  }

  io::Task<> keep_strangers_out() {
    const auto got = co_await ask_as_stranger(bucket_url("object"));
    if (got && got->status == 200) {
      failed("private objects",
             "anybody can read an object that was put as private: take the public "
             "read right out of the bucket's policy");
    } else {
      passed("private objects", "strangers are refused");
    }
  }

  void judge_cors(const std::string& step, const Answer& answer) {
    if (answer.allows_origin) {
      passed(step, fmt::format("{} may read it", doors_.origin));
    } else {
      failed(step,
             fmt::format("browsers will refuse it: allow the origin {} (or *), the methods GET "
                         "and HEAD and the header Range in the bucket's or CDN's CORS rules",
                         doors_.origin));
    }
  }

  io::Task<> let_the_public_in() {
    if (!co_await put("public", true, "put a public object")) co_return;
    std::vector<std::string> urls;
    urls.reserve(doors_.base_urls.size());
    const std::string key = config_.client.address.prefix + folder_ + "public";
    for (const std::string& base : doors_.base_urls)
      urls.push_back(fmt::format("{}/{}", base, s3::encode_key(key)));
    if (urls.empty()) urls.push_back(bucket_url("public"));
    for (const std::string& url : urls) {
      const std::string step = "public at " + url.substr(0, url.find('/', url.find("//") + 2));
      const auto got = co_await ask_as_stranger(url);
      if (!got || got->status != 200 || got->text != text_) {
        failed(step, fmt::format("{} does not give the object ({}): let the bucket's policy allow "
                                 "reading, or upload_acl.public be public-read, and check that the "
                                 "base URL leads to the bucket",
                                 url, got ? std::to_string(got->status) : got.error().message));
        continue;
      }
      passed(step, "gives the object");
      judge_cors("CORS at " + step.substr(10), *got);
    }
  }

  io::Task<> follow_presigned_url() {
    const auto url = client_.presigned_url(folder_ + "object", k_signed_for, {});
    const auto got = url ? co_await ask_as_stranger(*url) : std::unexpected(url.error());
    if (!got || got->status != 200 || got->text != text_) {
      failed("presigned URL", got ? fmt::format("answered {}", got->status) : got.error().message);
      co_return;
    }
    passed("presigned URL", "gives a private object");
    judge_cors("CORS of presigned URLs", *got);
  }

  io::Task<> remove_all() {
    for (const std::string& name : objects_) {
      const auto gone = co_await client_.call(
          {.name = "DeleteObject", .method = "DELETE", .key = folder_ + name});
      if (gone || gone.error().code == ErrorCode::not_found) continue;
      failed("delete", gone.error().message);
      co_return;
    }
    const auto there =
        co_await client_.call({.name = "HeadObject", .method = "HEAD", .key = folder_ + "object"});
    if (there) {
      failed("delete", "a deleted object is still there");
    } else {
      passed("delete", "what was put is gone");
    }
  }

  const S3StoreConfig config_;
  const CheckedDoors doors_;
  const Clock& clock_;
  s3::Client client_;
  const net::HttpClient stranger_;
  const std::string folder_;
  const std::string text_;
  std::vector<std::string> objects_;
  std::vector<CheckStep> steps_;
};

}  // namespace

io::Task<std::vector<CheckStep>> check_store(S3StoreConfig config, CheckedDoors doors,
                                             const Clock& clock, Random& random, Metrics& metrics) {
  Check check(std::move(config), std::move(doors), clock, random, metrics);
  co_return co_await check.run();
}

}  // namespace shoal::blob
