#include "catalog/channels.h"
#include "catalog/videos.h"
#include "tests/support/api_fixture.h"
#include "tests/support/recordings.h"

namespace shoal::api {
namespace {

using testing::IsEmpty;
using tests::ApiAnswer;
using tests::recording;
using tests::shape_differences;
namespace json = boost::json;

/// What this program leaves out on purpose: notifications and playlists.
const std::vector<std::string> k_left_out{"notificationSettings", "specialPlaylists",
                                          "data[].notificationSettings"};

class AccountsTest : public tests::ApiTest {
 protected:
  void expect_as_recorded(const ApiAnswer& answer, std::string_view name) {
    const auto recorded = recording(name);
    EXPECT_EQ(answer.status, recorded.status) << answer.text;
    if (recorded.body.is_null()) {
      EXPECT_EQ(answer.text, "");
      return;
    }
    EXPECT_THAT(shape_differences(recorded.body, answer.json(), k_left_out), IsEmpty())
        << answer.text;
  }
  json::value carol() const {
    return {
        {"username", "carol"},   {"password", "password-carol"},  {"email", "carol@example.com"},
        {"videoQuota", 1000000}, {"videoQuotaDaily", -1},         {"role", 2},
        {"adminFlags", 0},       {"channelName", "carol_channel"}};
  }
  std::int64_t id_of(const ApiAnswer& created) const {
    return created.json().at("user").at("id").as_int64();
  }
};
SHOAL_ON_BOTH_ENGINES(AccountsTest);

TEST_P(AccountsTest, me_has_peertubes_shape) {
  const ApiAnswer me = get("/api/v1/users/me", root_token());
  expect_as_recorded(me, "010-users-me-ok");
  EXPECT_EQ(me.json().at("role").at("label"), "Administrator");
  EXPECT_EQ(me.json().at("account").at("url"), "http://localhost:9010/accounts/root");
}

TEST_P(AccountsTest, lists_of_users_are_for_those_who_manage_them) {
  const std::string root = root_token();
  const std::string alice = make_user("alice");
  expect_as_recorded(get("/api/v1/users?sort=-createdAt", root), "167-users-list-admin");
  const ApiAnswer refused = get("/api/v1/users", alice);
  expect_as_recorded(refused, "168-users-list-not-admin");
  expect_as_recorded(get("/api/v1/users"), "169-users-list-no-token");
  const auto found = get("/api/v1/users?search=ALI", root).json();
  EXPECT_EQ(found.at("total"), 1);
  EXPECT_EQ(found.at("data").at(0).at("username"), "alice");
  EXPECT_EQ(get("/api/v1/users?search=%25", root).json().at("total"), 0) << "% is a letter here";
}

TEST_P(AccountsTest, user_lives_as_recorded) {
  const std::string root = root_token();
  const ApiAnswer created = post("/api/v1/users", carol(), root);
  expect_as_recorded(created, "170-users-create");
  const std::string path = "/api/v1/users/" + std::to_string(id_of(created));
  const ApiAnswer duplicate = post("/api/v1/users", carol(), root);
  expect_as_recorded(duplicate, "171-users-create-duplicate");
  EXPECT_EQ(duplicate.json().at("detail"), "User with this username or email already exists.");
  expect_as_recorded(get(path, root), "173-users-get");
  EXPECT_EQ(put(path, {{"videoQuota", 2000000}}, root).status, 204);
  EXPECT_EQ(get(path, root).json().at("videoQuota"), 2000000);

  const std::string token = login("carol", "password-carol");
  EXPECT_EQ(post(path + "/block", {{"reason", "test"}}, root).status, 204);
  EXPECT_EQ(get("/api/v1/users/me", token).status, 401) << "a blocked user's sessions end";
  const ApiAnswer blocked = try_login("carol", "password-carol");
  expect_as_recorded(blocked, "178-users-token-blocked");
  EXPECT_EQ(blocked.json().at("code"), "access_denied");
  EXPECT_EQ(get(path, root).json().at("blockedReason"), "test");
  EXPECT_EQ(post(path + "/unblock", json::object(), root).status, 204);
  EXPECT_EQ(try_login("carol", "password-carol").status, 200);
}

TEST_P(AccountsTest, deleted_user_is_gone_with_channels_and_videos) {
  const std::string root = root_token();
  const std::string path =
      "/api/v1/users/" + std::to_string(id_of(post("/api/v1/users", carol(), root)));
  const std::string token = login("carol", "password-carol");
  const auto video = database->write_blocking([&](db::Session& session) -> Result<VideoId> {
    const auto channel = catalog::find_channel(session, catalog::Handle{"carol_channel", {}});
    catalog::NewVideo made;
    made.uuid = Uuid::generate(random);
    made.channel = channel->id;
    made.attributes.name = "Hers";
    made.attributes.privacy = catalog::Privacy::everyone;
    made.state = catalog::VideoState::published;
    return catalog::create_video(session, made, clock.now());
  });
  ASSERT_TRUE(video.has_value());
  EXPECT_EQ(get("/api/v1/videos").json().at("total"), 1);
  expect_as_recorded(del(path, root), "179-users-delete");
  expect_as_recorded(del(path, root), "180-users-delete-again");
  expect_as_recorded(del("/api/v1/users/1", root), "181-users-delete-root");
  EXPECT_EQ(get("/api/v1/users/me", token).status, 401);
  EXPECT_EQ(get("/api/v1/accounts/carol").status, 404);
  EXPECT_EQ(get("/api/v1/video-channels/carol_channel").status, 404);
  EXPECT_EQ(get("/api/v1/videos").json().at("total"), 0);
  EXPECT_EQ(post("/api/v1/users", carol(), root).status, 200) << "the names are free again";
}

TEST_P(AccountsTest, last_channel_stays) {
  const std::string alice = make_user("alice");
  const std::string bob = make_user("bob");
  const std::string path = "/api/v1/video-channels/alice_channel";
  EXPECT_EQ(del(path).status, 401);
  EXPECT_EQ(del(path, bob).status, 403);
  EXPECT_EQ(del(path, alice).status, 409);
  EXPECT_EQ(
      post("/api/v1/video-channels", {{"name", "more"}, {"displayName", "More"}}, alice).status,
      200);
  EXPECT_EQ(del(path, alice).status, 204);
  EXPECT_EQ(get(path).status, 404);
}

TEST_P(AccountsTest, bad_user_names_every_bad_field) {
  const ApiAnswer answer = post("/api/v1/users",
                                {{"username", "C arol"},
                                 {"password", "x"},
                                 {"email", "nope"},
                                 {"videoQuota", "a"},
                                 {"role", 99}},
                                root_token());
  const auto recorded = recording("172-users-create-bad");
  EXPECT_EQ(answer.status, 400);
  const json::value body = answer.json();
  const json::object& ours = body.at("invalid-params").as_object();
  for (const auto& member : recorded.body.at("invalid-params").as_object()) {
    ASSERT_TRUE(ours.contains(member.key())) << member.key();
    EXPECT_EQ(ours.at(member.key()).at("location"), member.value().at("location"));
  }
  EXPECT_FALSE(ours.at("password").as_object().contains("value")) << "secrets are not echoed";
}

TEST_P(AccountsTest, moderators_manage_ordinary_users_only) {
  const std::string root = root_token();
  const std::string moderator = make_user("mo", 1);
  const auto user = id_of(post("/api/v1/users", carol(), moderator));
  const std::string path = "/api/v1/users/" + std::to_string(user);
  EXPECT_EQ(put(path, {{"videoQuota", 5}}, moderator).status, 204);
  EXPECT_EQ(put(path, {{"role", 0}}, moderator).status, 403);
  EXPECT_EQ(put("/api/v1/users/1", {{"videoQuota", 5}}, moderator).status, 403);
  EXPECT_EQ(post("/api/v1/users/1/block", json::object(), moderator).status, 403);
  EXPECT_EQ(post("/api/v1/users/1/block", json::object(), root).status, 400);
  json::value admin = carol();
  admin.as_object()["username"] = "eve";
  admin.as_object()["email"] = "eve@example.com";
  admin.as_object()["role"] = 0;
  admin.as_object()["channelName"] = "eve_channel";
  EXPECT_EQ(post("/api/v1/users", admin, moderator).status, 403);
  EXPECT_EQ(get("/api/v1/config/custom", moderator).status, 403);
}

TEST_P(AccountsTest, password_change_needs_the_old_one_and_ends_other_sessions) {
  const std::string first = make_user("alice");
  const std::string second = login("alice", "password-alice");
  const auto change = [&](const json::value& body) {
    return put("/api/v1/users/me", body, second);
  };
  EXPECT_EQ(change({{"password", "new-password"}}).status, 400);
  EXPECT_EQ(change({{"password", "new-password"}, {"currentPassword", "wrong"}}).status, 401);
  EXPECT_EQ(change({{"password", "new"}, {"currentPassword", "password-alice"}}).status, 400);
  EXPECT_EQ(change({{"password", "new-password"}, {"currentPassword", "password-alice"}}).status,
            204);
  EXPECT_EQ(get("/api/v1/users/me", first).status, 401);
  EXPECT_EQ(get("/api/v1/users/me", second).status, 200);
  EXPECT_EQ(try_login("alice", "password-alice").status, 400);
  EXPECT_EQ(try_login("alice", "new-password").status, 200);
}

TEST_P(AccountsTest, profile_and_preferences_are_kept) {
  const std::string token = make_user("alice");
  EXPECT_EQ(put("/api/v1/users/me",
                {{"displayName", "Alice <script>"},
                 {"description", "It's \"me\"; drop table users;--"},
                 {"autoPlayVideo", false},
                 {"nsfwPolicy", "blur"},
                 {"videoLanguages", {"en", "zh"}}},
                token)
                .status,
            204);
  EXPECT_EQ(put("/api/v1/users/me", {{"theme", "dark"}}, token).status, 204);
  const ApiAnswer me = get("/api/v1/users/me", token);
  EXPECT_EQ(me.json().at("account").at("displayName"), "Alice <script>");
  EXPECT_EQ(me.json().at("account").at("description"), "It's \"me\"; drop table users;--");
  EXPECT_EQ(me.json().at("autoPlayVideo"), false);
  EXPECT_EQ(me.json().at("nsfwPolicy"), "blur");
  EXPECT_EQ(me.json().at("theme"), "dark");
  EXPECT_EQ(me.json().at("videoLanguages").at(1), "zh");
  EXPECT_THAT(me.text, testing::Not(testing::HasSubstr("<script>"))) << "escaped in JSON as well";
  EXPECT_EQ(put("/api/v1/users/me", {{"nsfwPolicy", "sometimes"}}, token).status, 400);
  EXPECT_EQ(put("/api/v1/users/me", {{"description", nullptr}}, token).status, 204);
  EXPECT_TRUE(get("/api/v1/users/me", token).json().at("account").at("description").is_null());
}

TEST_P(AccountsTest, registration_obeys_the_settings_of_now) {
  const json::value dora{{"username", "dora"},
                         {"password", "password-dora"},
                         {"email", "dora@example.com"},
                         {"channel", {{"name", "dora_films"}, {"displayName", "Films"}}}};
  EXPECT_EQ(post("/api/v1/users/register", dora).status, 403);
  EXPECT_EQ(get("/api/v1/config").json().at("signup").at("allowed"), false);
  const std::string root = root_token();
  const json::value open{{"signup", {{"enabled", true}, {"limit", 2}}}};
  EXPECT_EQ(put("/api/v1/config/custom", open, root).status, 200);
  EXPECT_EQ(get("/api/v1/config").json().at("signup").at("allowed"), true);
  EXPECT_EQ(post("/api/v1/users/register", dora).status, 204);
  EXPECT_EQ(get("/api/v1/video-channels/dora_films").status, 200);
  EXPECT_EQ(try_login("dora", "password-dora").status, 200);
  EXPECT_EQ(post("/api/v1/users/register", dora).status, 403) << "the limit is reached";
}

TEST_P(AccountsTest, accounts_and_channels_answer_as_recorded) {
  expect_as_recorded(get("/api/v1/accounts/root"), "155-account-get");
  expect_as_recorded(get("/api/v1/accounts/nobody"), "156-account-get-unknown");
  expect_as_recorded(get("/api/v1/accounts/root@localhost:9010"), "155-account-get");
  expect_as_recorded(get("/api/v1/accounts/root@elsewhere.example"), "156-account-get-unknown");
  expect_as_recorded(get("/api/v1/video-channels/root_channel"), "149-channel-get");
  expect_as_recorded(get("/api/v1/video-channels/nobody_here"), "151-channel-get-unknown");
  expect_as_recorded(get("/api/v1/video-channels?count=2"), "154-channels-list");
  expect_as_recorded(get("/api/v1/accounts/root/video-channels"), "157-account-channels");
  expect_as_recorded(get("/api/v1/users/me/video-quota-used", root_token()), "101-me-quota");
}

TEST_P(AccountsTest, channels_are_made_changed_and_guarded) {
  const std::string alice = make_user("alice");
  const std::string bob = make_user("bob");
  const json::value films{
      {"name", "films"}, {"displayName", "Films"}, {"description", "All of them"}};
  EXPECT_EQ(post("/api/v1/video-channels", films).status, 401);
  EXPECT_EQ(post("/api/v1/video-channels", films, alice).status, 200);
  EXPECT_EQ(post("/api/v1/video-channels", films, bob).status, 409);
  const std::string path = "/api/v1/video-channels/films";
  EXPECT_EQ(put(path, {{"displayName", "Mine"}}, bob).status, 403);
  EXPECT_EQ(put(path, {{"displayName", "Movies"}, {"support", "Thanks"}}, alice).status, 204);
  const auto channel = get(path).json();
  EXPECT_EQ(channel.at("displayName"), "Movies");
  EXPECT_EQ(channel.at("support"), "Thanks");
  EXPECT_EQ(channel.at("description"), "All of them") << "what was not sent stays";
  EXPECT_EQ(get("/api/v1/search/video-channels?search=movi").json().at("total"), 1);
  const std::string root = root_token();
  EXPECT_EQ(put("/api/v1/config/custom", {{"videoChannels", {{"maxPerUser", 2}}}}, root).status,
            200);
  const json::value more{{"name", "more"}, {"displayName", "More"}};
  EXPECT_EQ(post("/api/v1/video-channels", more, alice).status, 400);
}

TEST_P(AccountsTest, hostile_text_is_refused_or_kept_as_it_is) {
  const std::string token = make_user("alice");
  const auto raw = [&](std::string body) {
    return request(net::Method::put, "/api/v1/users/me",
                   {.token = token, .body = std::move(body), .content_type = "application/json"});
  };
  EXPECT_EQ(raw("{\"displayName\":\"\xff\xfe\"}").status, 400);
  EXPECT_EQ(raw("{\"displayName\":\"a\\u0000b\"}").status, 400);
  EXPECT_EQ(raw("{\"displayName\":").json().at("code"), "SyntaxError");
  EXPECT_EQ(raw(std::string(100'000, '[')).status, 400);
  EXPECT_EQ(raw("[1]").status, 400);
  EXPECT_EQ(raw("{\"displayName\":\"" + std::string(600'000, 'a') + "\"}").status, 413);
  EXPECT_EQ(raw("{\"displayName\":{\"$ne\":1}}").status, 400);
  const ApiAnswer form = request(net::Method::put, "/api/v1/users/me",
                                 {.token = token,
                                  .body = "displayName=%ff%fe",
                                  .content_type = "application/x-www-form-urlencoded"});
  EXPECT_EQ(form.status, 400);
  EXPECT_NO_THROW(static_cast<void>(form.json()));
  EXPECT_EQ(get("/api/v1/users/me", token).json().at("account").at("displayName"), "alice");
  for (const char* name : {"%27%20or%201=1", "a@b@c", "%3Cscript%3E"}) {
    const ApiAnswer answer =
        request(net::Method::get, std::string("/api/v1/accounts/x") + name, {});
    EXPECT_EQ(answer.status, 404) << name;
  }
}

}  // namespace
}  // namespace shoal::api
