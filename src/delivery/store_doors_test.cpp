#include "delivery/store_doors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::delivery {
namespace {

using std::chrono::hours;

TEST(ChooseDoor, is_the_stores_own_where_nothing_stands_in_its_way) {
  EXPECT_EQ(choose_door({.door = Door::proxy, .can_presign = true, .has_base_url = true}),
            Door::proxy);
  EXPECT_EQ(choose_door({.door = Door::presigned, .can_presign = true}), Door::presigned);
  EXPECT_EQ(choose_door({.door = Door::redirect, .has_base_url = true}), Door::redirect);
  EXPECT_EQ(choose_door({.door = Door::redirect, .is_head = true, .has_base_url = true}),
            Door::redirect);
}

TEST(ChooseDoor, never_shows_restricted_media_a_public_url) {
  EXPECT_EQ(choose_door({.door = Door::redirect,
                         .is_restricted = true,
                         .can_presign = true,
                         .has_base_url = true}),
            Door::proxy);
}

TEST(ChooseDoor, what_must_stay_stays) {
  EXPECT_EQ(choose_door({.door = Door::redirect, .may_leave = false, .has_base_url = true}),
            Door::proxy);
  EXPECT_EQ(choose_door({.door = Door::presigned, .may_leave = false, .can_presign = true}),
            Door::proxy);
}

TEST(ChooseDoor, without_a_healthy_base_url_the_store_signs_else_the_bytes_pass_through_us) {
  EXPECT_EQ(choose_door({.door = Door::redirect, .can_presign = true}), Door::presigned);
  EXPECT_EQ(choose_door({.door = Door::redirect}), Door::proxy);
  EXPECT_EQ(choose_door({.door = Door::presigned}), Door::proxy);
}

TEST(ChooseDoor, a_download_keeps_its_name_by_a_signature_or_through_us) {
  EXPECT_EQ(
      choose_door(
          {.door = Door::redirect, .is_download = true, .can_presign = true, .has_base_url = true}),
      Door::presigned);
  EXPECT_EQ(choose_door({.door = Door::redirect, .is_download = true, .has_base_url = true}),
            Door::proxy);
}

TEST(ChooseDoor, a_head_is_answered_by_us_as_the_signature_is_for_get) {
  EXPECT_EQ(choose_door({.door = Door::presigned, .is_head = true, .can_presign = true}),
            Door::proxy);
}

TEST(OrderCopies, local_ones_come_first_and_stores_that_are_away_last) {
  const StoreDoors local;
  const StoreDoors remote{.is_remote = true};
  const StoreDoors away{.is_remote = true, .is_away = [] { return true; }};
  const auto lookup = [&](std::string_view name) -> const StoreDoors* {
    if (name == "local") return &local;
    if (name == "remote") return &remote;
    return name == "away" ? &away : nullptr;
  };
  const std::vector<Copy> copies{
      {"away", "k"}, {"unknown", "k"}, {"remote", "k"}, {"remote", "j"}, {"local", "k"}};
  const auto names = [&](std::vector<Copy> except) {
    std::vector<std::string> found;
    for (const Candidate& candidate : order_copies(copies, lookup, except))
      found.push_back(candidate.copy.store + "/" + candidate.copy.object_key);
    return found;
  };
  EXPECT_THAT(names({}), testing::ElementsAre("local/k", "remote/k", "remote/j", "away/k"));
  EXPECT_THAT(names({{"local", "k"}, {"remote", "k"}}), testing::ElementsAre("remote/j", "away/k"));
}

TEST(UrlLife, is_long_enough_to_play_and_ends_with_the_token) {
  const UtcTime now = from_millis(1'000'000);
  EXPECT_EQ(play_life(Seconds{60}, std::nullopt, now), hours{4});
  EXPECT_EQ(play_life(hours{10}, std::nullopt, now), hours{11});
  EXPECT_EQ(play_life(hours{10}, now + hours{8}, now), hours{8});
  EXPECT_EQ(play_life(hours{9000}, std::nullopt, now), hours{7 * 24});
  EXPECT_EQ(redirect_life(std::nullopt, now), hours{1});
  EXPECT_EQ(redirect_life(now + Milliseconds{90'900}, now), Seconds{90});
  EXPECT_EQ(redirect_life(now + Milliseconds{1}, now), Seconds{1});
}

}  // namespace
}  // namespace shoal::delivery
