#include <future>
#include <thread>

#include "io/task_group.h"
#include "tests/support/api_fixture.h"
#include "tests/support/recordings.h"

namespace shoal::api {
namespace {

using testing::IsEmpty;
using tests::ApiAnswer;
using tests::recording;
using tests::shape_differences;

class OAuthTest : public tests::ApiTest {
 protected:
  std::string client() const {
    return "client_id=" + config.identity.client_id +
           "&client_secret=" + config.identity.client_secret;
  }
  void expect_as_recorded(const ApiAnswer& answer, std::string_view name) {
    const auto recorded = recording(name);
    EXPECT_EQ(answer.status, recorded.status) << answer.text;
    EXPECT_THAT(shape_differences(recorded.body, answer.json()), IsEmpty()) << answer.text;
    if (const auto* detail = recorded.body.as_object().if_contains("detail")) {
      EXPECT_EQ(answer.json().at("detail"), *detail);
    }
    if (const auto* code = recorded.body.as_object().if_contains("code")) {
      EXPECT_EQ(answer.json().at("code"), *code);
      EXPECT_EQ(answer.json().at("type"), recorded.body.at("type"));
    }
  }
};
SHOAL_ON_BOTH_ENGINES(OAuthTest);

TEST_P(OAuthTest, client_is_told_to_our_own_host_only) {
  expect_as_recorded(get("/api/v1/oauth-clients/local"), "001-oauth-clients-local");
  const ApiAnswer other = request(net::Method::get, "/api/v1/oauth-clients/local",
                                  {.headers = {{"Host", "other.example:9010"}}});
  expect_as_recorded(other, "002-oauth-clients-local-wrong-host");
}

TEST_P(OAuthTest, password_grant_answers_as_recorded) {
  expect_as_recorded(try_login("root", "rootpassword123"), "003-users-token-password-ok");
  expect_as_recorded(try_login("root", "wrong"), "004-users-token-wrong-password");
  expect_as_recorded(try_login("nobody", "wrong"), "004-users-token-wrong-password");
  expect_as_recorded(try_login("ADMIN@example.com", "rootpassword123"),
                     "003-users-token-password-ok");
  expect_as_recorded(
      post_form("/api/v1/users/token", "client_id=" + config.identity.client_id +
                                           "&client_secret=xxx&grant_type=password&username=root"
                                           "&password=rootpassword123"),
      "005-users-token-invalid-client");
  expect_as_recorded(
      post_form("/api/v1/users/token", client() + "&username=root&password=rootpassword123"),
      "006-users-token-missing-grant");
}

TEST_P(OAuthTest, refresh_token_works_once_and_ends_the_old_session) {
  const auto first = try_login("root", "rootpassword123").json();
  const std::string access(first.at("access_token").as_string());
  const std::string refresh(first.at("refresh_token").as_string());
  EXPECT_EQ(get("/api/v1/users/me", access).status, 200);
  const std::string form = client() + "&grant_type=refresh_token&refresh_token=" + refresh;
  const ApiAnswer renewed = post_form("/api/v1/users/token", form);
  expect_as_recorded(renewed, "007-users-token-refresh-ok");
  expect_as_recorded(post_form("/api/v1/users/token", form), "008-users-token-refresh-reused");
  expect_as_recorded(get("/api/v1/users/me", access), "012-users-me-bad-token");
  const std::string next(renewed.json().at("access_token").as_string());
  EXPECT_EQ(get("/api/v1/users/me", next).status, 200);
}

TEST_P(OAuthTest, tokens_end_with_their_lifetime) {
  const auto tokens = try_login("root", "rootpassword123").json();
  const std::string access(tokens.at("access_token").as_string());
  clock.advance(std::chrono::hours{24} - Milliseconds{1});
  EXPECT_EQ(get("/api/v1/users/me", access).status, 200);
  clock.advance(Milliseconds{1});
  EXPECT_EQ(get("/api/v1/users/me", access).status, 401);
  clock.advance(std::chrono::days{13});
  const std::string refresh(tokens.at("refresh_token").as_string());
  EXPECT_EQ(post_form("/api/v1/users/token",
                      client() + "&grant_type=refresh_token&refresh_token=" + refresh)
                .status,
            400);
}

TEST_P(OAuthTest, revoked_token_is_refused_at_once) {
  const std::string token = root_token();
  EXPECT_EQ(get("/api/v1/users/me", token).status, 200);
  const ApiAnswer revoked = post("/api/v1/users/revoke-token", boost::json::object(), token);
  expect_as_recorded(revoked, "280-revoke-token");
  expect_as_recorded(get("/api/v1/users/me", token), "281-users-me-after-revoke");
}

TEST_P(OAuthTest, forged_tokens_are_refused) {
  root_token();
  for (const char* token : {"0", "' or '1'='1", "0000000000000000000000000000000000000000",
                            "eyJhbGciOiJub25lIn0.eyJzdWIiOjF9."}) {
    EXPECT_EQ(get("/api/v1/users/me", token).status, 401) << token;
  }
  EXPECT_EQ(get("/api/v1/users/me", std::string(15000, 'a')).status, 401);
  expect_as_recorded(get("/api/v1/users/me"), "011-users-me-no-token");
}

TEST_P(OAuthTest, nothing_usable_is_stored) {
  const auto tokens = try_login("root", "rootpassword123").json();
  const auto rows = database->read_blocking([](db::Session& session) -> Result<std::string> {
    const auto row = session.query_one(
        "select access_hash || refresh_hash || (select password_hash from users) from oauth_token");
    return row->text(0);
  });
  ASSERT_TRUE(rows.has_value());
  EXPECT_THAT(*rows, testing::Not(testing::HasSubstr(tokens.at("access_token").as_string())));
  EXPECT_THAT(*rows, testing::HasSubstr("$argon2id$v=19$m=19456,t=2,p=1$"));
}

TEST_P(OAuthTest, guessing_at_one_account_is_slowed_down_and_forgiven) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(try_login("root", "wrong").status, 400);
  const ApiAnswer refused = try_login("root", "rootpassword123");
  EXPECT_EQ(refused.status, 429) << refused.text;
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(try_login("someone", "wrong").status, 400);
  clock.advance(Seconds{1});
  EXPECT_EQ(try_login("root", "rootpassword123").status, 200);
  EXPECT_EQ(try_login("root", "wrong").status, 400);
}

TEST_P(OAuthTest, guessing_locks_out_who_guesses_and_nobody_else) {
  const auto guess = [this](std::string client, std::string_view password) {
    const auto& identity = context().config.identity;
    return request(net::Method::post, "/api/v1/users/token",
                   {.body = "client_id=" + identity.client_id +
                            "&client_secret=" + identity.client_secret +
                            "&grant_type=password&username=root&password=" + std::string(password),
                    .content_type = "application/x-www-form-urlencoded",
                    .client = std::move(client)})
        .status;
  };
  EXPECT_EQ(guess("198.51.100.7", "rootpassword123"), 200) << "the owner, at home";
  // One network of many addresses guesses without end.
  for (int i = 0; i < 200; ++i) guess("2001:db8::" + std::to_string(i + 1), "wrong");
  EXPECT_EQ(guess("2001:db8::9999", "rootpassword123"), 429);
  EXPECT_EQ(guess("198.51.100.7", "rootpassword123"), 200);
  EXPECT_EQ(guess("203.0.113.1", "rootpassword123"), 200) << "the owner, on a journey";
  // Many networks guess: one that was never here has a single free try, the owner all of them.
  for (int i = 0; i < 80; ++i) guess("192.0.2." + std::to_string(i), "wrong");
  EXPECT_EQ(guess("203.0.113.9", "wrong"), 400);
  EXPECT_EQ(guess("203.0.113.9", "wrong"), 429);
  EXPECT_EQ(guess("203.0.113.77", "rootpassword123"), 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(guess("198.51.100.7", "wrong"), 400);
  EXPECT_EQ(guess("198.51.100.7", "rootpassword123"), 200);
}

TEST_P(OAuthTest, who_is_blocked_while_the_password_is_checked_gets_no_token) {
  make_user("alice");
  std::promise<void> open;
  const auto gate = open.get_future().share();
  io::Runtime runtime{1};
  io::TaskGroup group(runtime.executor(0), "test");
  const auto hold = [](io::Offload& pool, std::shared_future<void> until) -> io::Task<> {
    std::ignore = co_await pool.run([until]() -> Result<> {
      until.wait();
      return {};
    });
  };
  for (int i = 0; i < 2; ++i) group.spawn(hold(passwords, gate));
  auto answer =
      std::async(std::launch::async, [this] { return try_login("alice", "password-alice"); });
  // Both threads are held: the log-in has read the hash once its check is the one that waits.
  while (passwords.queued() == 0) std::this_thread::yield();
  EXPECT_TRUE(database->write_blocking([this](db::Session& session) {
    const auto alice = catalog::find_credentials(session, "alice");
    return catalog::set_blocked(session, alice->id, true, "spam", clock.now());
  }));
  open.set_value();
  const ApiAnswer refused = answer.get();
  runtime.run_until_done(group.drain());
  EXPECT_EQ(refused.status, 400) << refused.text;
  EXPECT_EQ(refused.json().at("code"), "access_denied");
}

TEST_P(OAuthTest, what_the_database_says_of_its_tables_reaches_nobody) {
  root_token();
  const auto twice = database->write_blocking([](db::Session& session) -> Result<> {
    session.execute("insert into setting (key, value, updated_at) values ('a', '1', 1)");
    session.execute("insert into setting (key, value, updated_at) values ('a', '1', 1)");
    return {};
  });
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::conflict);
  EXPECT_THAT(twice.error().message, testing::Not(testing::HasSubstr("setting")));
}

class RateLimitedTest : public tests::ApiTest {
 protected:
  RateLimitedTest() {
    config.rate_limits.api.max = 3;
    config.rate_limits.login.max = 2;
  }
};
SHOAL_ON_BOTH_ENGINES(RateLimitedTest);

TEST_P(RateLimitedTest, used_up_window_gives_429_and_ends) {
  const std::string root = root_token();
  for (int left = 2; left >= 0; --left) {
    const ApiAnswer answer = get("/api/v1/accounts/root");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("X-RateLimit-Limit"), "3");
    EXPECT_EQ(answer.header("X-RateLimit-Remaining"), std::to_string(left));
  }
  const ApiAnswer refused = get("/api/v1/video-channels");
  const auto recorded = recording("325-rate-limit-429");
  EXPECT_EQ(refused.status, recorded.status);
  EXPECT_EQ(refused.text, recorded.body.as_string());
  EXPECT_EQ(refused.header("Retry-After"), "10");
  EXPECT_EQ(get("/api/v1/accounts/root", root).status, 200) << "administrators pass";
  EXPECT_EQ(request(net::Method::get, "/api/v1/accounts/root", {.client = "192.0.2.2"}).status, 200)
      << "another client has a window of its own";
  clock.advance(Seconds{10});
  EXPECT_EQ(get("/api/v1/accounts/root").status, 200);
}

TEST_P(RateLimitedTest, tokens_that_are_none_do_not_reach_the_database_for_ever) {
  for (int i = 0; i < 3; ++i) get("/api/v1/accounts/root");
  const auto reads = [this] {
    const std::string text = database.metrics().render();
    const std::string_view name = "shoal_db_transaction_seconds_count{mode=\"read\"} ";
    const auto at = text.find(name);
    EXPECT_NE(at, std::string::npos);
    return std::stoi(text.substr(at + name.size()));
  };
  const int before = reads();
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(get("/api/v1/accounts/root", "junk-" + std::to_string(i)).status, 429);
  EXPECT_LE(reads(), before + 10);
}

TEST_P(RateLimitedTest, log_ins_have_a_window_of_their_own) {
  EXPECT_EQ(try_login("root", "wrong").status, 400);
  EXPECT_EQ(try_login("root", "wrong").status, 400);
  EXPECT_EQ(try_login("root", "rootpassword123").status, 429);
  EXPECT_EQ(get("/api/v1/accounts/root").status, 200);
  clock.advance(Seconds{300});
  EXPECT_EQ(try_login("root", "rootpassword123").status, 200);
}

}  // namespace
}  // namespace shoal::api
