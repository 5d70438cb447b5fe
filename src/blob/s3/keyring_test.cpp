#include "blob/s3/keyring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "base/check.h"
#include "base/text.h"
#include "blob/s3/client.h"
#include "blob/s3/role_keys.h"
#include "io/runtime.h"
#include "net/http/server.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_directory.h"

namespace shoal::blob::s3 {
namespace {

using testing::HasSubstr;

/// What lends keys to machines and containers, and an S3 server that takes them all.
class Lender {
 public:
  explicit Lender(const Clock& clock) : clock_(clock) {
    server_ = std::make_unique<net::Server>(
        runtime_, net::ServerConfig{.port = 0},
        [this](net::Request& request) { return answer_all(*this, request); }, metrics_, wall_);
    SHOAL_CHECK(server_->start().has_value());
  }
  ~Lender() { runtime_.run_until_done(server_->stop()); }
  Lender(const Lender&) = delete;
  Lender& operator=(const Lender&) = delete;

  std::string url(std::string_view path) const {
    return fmt::format("http://127.0.0.1:{}{}", server_->port(), path);
  }
  std::string host() const { return fmt::format("127.0.0.1:{}", server_->port()); }

  std::atomic<bool> is_broken = false;
  std::atomic<bool> has_role = true;
  std::atomic<int> asked = 0;
  std::atomic<int> life_s = 6 * 3600;
  /// What the last request of S3 had as its session's token.
  std::string last_token() const {
    const std::scoped_lock lock(mutex_);
    return last_token_;
  }

 private:
  static io::Task<net::Response> answer_all(Lender& self, net::Request& request) {
    std::string body;
    if (request.method == net::Method::post)
      body = (co_await net::read_text(*request.body, 10'000)).value_or("");
    co_return self.answer(request, body);
  }
  net::Response answer(const net::Request& request, const std::string& body) {
    const auto text = [](int status, std::string of) {
      return net::Response::text(status, std::move(of), "text/plain");
    };
    constexpr std::string_view k_roles = "/latest/meta-data/iam/security-credentials/";
    if (request.path.starts_with("/bucket")) {
      const std::scoped_lock lock(mutex_);
      last_token_ = request.headers.find("x-amz-security-token").value_or("");
      return text(200, "");
    }
    if (is_broken) return text(500, "");
    const auto session = request.headers.find("X-aws-ec2-metadata-token");
    if (request.path == "/latest/api/token") {
      const bool is_asked_well = request.method == net::Method::put &&
                                 request.headers.contains("X-aws-ec2-metadata-token-ttl-seconds");
      return is_asked_well ? text(200, "session") : text(400, "");
    }
    if (request.path.starts_with(k_roles)) {
      if (session != "session") return text(401, "");
      if (!has_role) return text(404, "");
      return request.path == k_roles ? text(200, "shoal-role\n") : text(200, lend());
    }
    if (request.path == "/container")
      return request.headers.find("Authorization") == "Basic abc" ? text(200, lend())
                                                                  : text(403, "");
    if (request.path == "/sts") return answer_sts(body);
    return text(404, "");
  }
  std::string lend() {
    return fmt::format(
        R"({{"Code":"Success","AccessKeyId":"AK{0}","SecretAccessKey":"s","Token":"t{0}",)"
        R"("Expiration":"{1}"}})",
        ++asked, to_iso8601(clock_.now() + Seconds(life_s)));
  }
  net::Response answer_sts(const std::string& body) {
    if (body !=
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3A1"
        "&RoleSessionName=shoal&WebIdentityToken=jwt.a-b") {
      return net::Response::text(400,
                                 "<ErrorResponse><Error><Code>InvalidIdentityToken</Code>"
                                 "<Message>no</Message></Error></ErrorResponse>",
                                 "text/xml");
    }
    return net::Response::text(
        200,
        fmt::format("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"
                    "<Credentials><AccessKeyId>AKSTS</AccessKeyId><SecretAccessKey>s"
                    "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{}</Expiration>"
                    "</Credentials></AssumeRoleWithWebIdentityResult>"
                    "</AssumeRoleWithWebIdentityResponse>",
                    to_iso8601(clock_.now() + Seconds(3600))),
        "text/xml");
  }

  const Clock& clock_;
  SystemClock wall_;
  Metrics metrics_;
  io::Runtime runtime_{1};
  mutable std::mutex mutex_;
  std::string last_token_;  ///< under mutex_
  std::unique_ptr<net::Server> server_;
};

class KeyringTest : public testing::Test {
 protected:
  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> result;
    runtime.run_until_done([](io::Task<T> inner, std::optional<T>& out) -> io::Task<> {
      out.emplace(co_await std::move(inner));
    }(std::move(task), result));
    return std::move(*result);
  }
  Keyring::Config of_instance() const {
    return {.store = "archive", .region = "r", .given = {}, .role = InstanceRole{lender.url("")}};
  }
  std::string write(const std::string& text) {
    const auto path = folder.path() / "token";
    std::ofstream(path) << text;
    return path.string();
  }
  /// The id of the key that requests are signed with.
  static std::string key_of(const Result<Keyring::Keys>& keys) {
    if (!keys) return keys.error().message;
    const auto query = keys->signer->presign({"GET", "h", "/", {}, {}, {}}, UtcTime{}, Seconds{1});
    const auto at = query->find("Credential=") + 11;
    return query->substr(at, query->find('%') - at);
  }
  void renew(Keyring& keyring) { runtime.run_until_done(keyring.renew_early()); }

  tests::ManualClock clock;
  SystemRandom random;
  Metrics metrics;
  tests::TemporaryDirectory folder;
  Lender lender{clock};
  io::Runtime runtime{2};
};

TEST_F(KeyringTest, keys_that_were_given_last_and_nobody_is_asked) {
  Keyring keyring({.store = "archive", .region = "r", .given = {"AK", "s", ""}}, clock, random);
  EXPECT_EQ(key_of(keyring.held()), "AK");
  clock.advance(std::chrono::years(10));
  renew(keyring);
  EXPECT_EQ(key_of(run(keyring.keys())), "AK");
  EXPECT_EQ(lender.asked, 0);
}

TEST_F(KeyringTest, an_instance_role_is_asked_for_when_keys_are_needed_first) {
  Keyring keyring(of_instance(), clock, random);
  EXPECT_THAT(key_of(keyring.held()), HasSubstr("has no keys"));
  EXPECT_EQ(key_of(run(keyring.keys())), "AK1");
  EXPECT_EQ(run(keyring.keys())->end, clock.now() + Seconds(lender.life_s));
  EXPECT_EQ(lender.asked, 1);
}

TEST_F(KeyringTest, all_who_need_the_first_keys_wait_for_one_question) {
  Keyring keyring(of_instance(), clock, random);
  std::atomic<int> good = 0;
  std::vector<std::jthread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, &keyring, &good] { good += run(keyring.keys()).has_value(); });
  }
  threads.clear();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(lender.asked, 1);
}

TEST_F(KeyringTest, keys_are_renewed_in_good_time_and_used_to_their_end) {
  Keyring keyring(of_instance(), clock, random);
  ASSERT_EQ(key_of(run(keyring.keys())), "AK1");
  const UtcTime end = *keyring.held()->end;
  clock.advance(std::chrono::hours(5));
  renew(keyring);
  EXPECT_EQ(lender.asked, 1) << "an hour is left";
  clock.advance(std::chrono::minutes(48));
  lender.is_broken = true;
  for (int minute = 0; minute < 11; ++minute) {
    renew(keyring);
    EXPECT_EQ(key_of(run(keyring.keys())), "AK1");
    clock.advance(std::chrono::minutes(1));
  }
  lender.is_broken = false;
  EXPECT_EQ(key_of(run(keyring.keys())), "AK2") << "the last minute: who needs them asks";
  EXPECT_GT(*keyring.held()->end, end);
  clock.advance(std::chrono::minutes(5 * 60 + 50));
  renew(keyring);
  EXPECT_EQ(key_of(keyring.held()), "AK3");
}

TEST_F(KeyringTest, keys_that_ended_are_not_used_and_the_reason_is_said) {
  Keyring keyring(of_instance(), clock, random);
  ASSERT_TRUE(run(keyring.keys()));
  lender.is_broken = true;
  clock.advance(std::chrono::hours(6));
  const std::string why = key_of(run(keyring.keys()));
  EXPECT_THAT(why, HasSubstr("ended at 20"));
  EXPECT_THAT(why, HasSubstr("500"));
  lender.is_broken = false;
  EXPECT_EQ(key_of(run(keyring.keys())), why) << "nobody is asked for some seconds";
  clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(key_of(run(keyring.keys())), "AK2");
}

TEST_F(KeyringTest, where_there_is_no_role_or_nobody_to_ask_the_store_has_no_keys) {
  lender.has_role = false;
  Keyring keyring(of_instance(), clock, random);
  const auto none = run(keyring.keys());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::unavailable);
  EXPECT_THAT(none.error().message, HasSubstr("store archive has no keys"));
  EXPECT_THAT(none.error().message, HasSubstr("the instance has no role"));

  Keyring::Config nowhere = of_instance();
  nowhere.role = InstanceRole{"http://127.0.0.1:1"};
  Keyring alone(nowhere, clock, random);
  EXPECT_THAT(key_of(run(alone.keys())),
              HasSubstr("metadata service of EC2 at http://127.0.0.1:1"));
}

TEST_F(KeyringTest, a_container_shows_its_token_and_reads_it_anew_each_time) {
  ContainerRole role{lender.url("/container"), "stale", write("Basic abc\n")};
  EXPECT_EQ(run(ask_for_keys(role))->keys.session_token, "t1");
  write("Basic old");
  EXPECT_THAT(run(ask_for_keys(role)).error().message, HasSubstr("403"));
  role.token_file.clear();
  role.token = "Basic abc";
  EXPECT_TRUE(run(ask_for_keys(role)));
  role.token = "Basic abc\r\nX-Other: 1";
  EXPECT_EQ(run(ask_for_keys(role)).error().code, ErrorCode::invalid);
  role.token_file = "/nowhere/token";
  EXPECT_THAT(run(ask_for_keys(role)).error().message, HasSubstr("/nowhere/token"));
}

TEST_F(KeyringTest, a_web_identity_assumes_its_role) {
  WebIdentity role{lender.url("/sts"), "arn:aws:1", "shoal", write("jwt.a-b")};
  EXPECT_EQ(run(ask_for_keys(role))->keys.access_key_id, "AKSTS");
  write("another");
  EXPECT_THAT(run(ask_for_keys(role)).error().message, HasSubstr("400 InvalidIdentityToken: no"));
}

TEST_F(KeyringTest, no_signed_url_outlives_its_keys) {
  ClientConfig config;
  config.store = "archive";
  config.address = *parse_address("http://" + lender.host(), "bucket", "", true);
  config.role = InstanceRole{lender.url("")};
  Client client(config, clock, random, metrics);
  EXPECT_EQ(client.presigned_url("k", Seconds{60}, {}).error().code, ErrorCode::unavailable);
  ASSERT_TRUE(run(client.call({.name = "GetObject", .key = "k"})));
  EXPECT_EQ(lender.last_token(), "t1");
  const auto life = [&client](Seconds wanted) {
    const std::string url = *client.presigned_url("k", wanted, {});
    EXPECT_THAT(url, HasSubstr("X-Amz-Security-Token=t1"));
    const auto at = url.find("X-Amz-Expires=") + 14;
    return *parse_int(std::string_view(url).substr(at, url.find('&', at) - at));
  };
  EXPECT_EQ(life(Seconds{3600}), 3600);
  EXPECT_EQ(life(Seconds{24 * 3600}), 6 * 3600);
  clock.advance(std::chrono::hours(5));
  EXPECT_EQ(life(Seconds{24 * 3600}), 3600);
  clock.advance(std::chrono::minutes(59));
  EXPECT_EQ(client.presigned_url("k", Seconds{60}, {}).error().code, ErrorCode::unavailable);
  clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(client.presigned_url("k", Seconds{60}, {}).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace shoal::blob::s3
