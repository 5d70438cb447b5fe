#include "scaling/nodes/join_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::scaling {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Node node(std::string id, std::string name, Milliseconds silent_for, std::string unshared = "") {
  Node out;
  out.profile.id = std::move(id);
  out.profile.name = std::move(name);
  out.profile.unshared = std::move(unshared);
  out.silent_for = silent_for;
  return out;
}
NodeProfile profile(std::string id, std::string name, std::string unshared = "") {
  return node(std::move(id), std::move(name), Milliseconds{0}, std::move(unshared)).profile;
}

constexpr Milliseconds k_alive{5'999};
constexpr Milliseconds k_dead{6'001};

TEST(JoinRule, equal_nodes_join_beside_each_other_alive_or_dead) {
  const auto gone =
      decide_join(profile("c", "three"), {node("a", "one", k_alive), node("b", "two", k_dead)});
  ASSERT_TRUE(gone);
  EXPECT_THAT(*gone, IsEmpty());
}

TEST(JoinRule, a_name_is_free_once_its_node_is_dead) {
  const auto refused = decide_join(profile("b", "one"), {node("a", "one", k_alive)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("cluster.node.name"));
  EXPECT_THAT(refused.error().message, HasSubstr("in 1 s"));
  const auto gone = decide_join(profile("b", "one"), {node("a", "one", k_dead)});
  ASSERT_TRUE(gone);
  EXPECT_THAT(*gone, ElementsAre("a"));
}

TEST(JoinRule, a_restart_takes_its_own_row_at_once_also_under_a_new_name) {
  const auto gone = decide_join(profile("a", "renamed"), {node("a", "one", Milliseconds{0})});
  ASSERT_TRUE(gone);
  EXPECT_THAT(*gone, ElementsAre("a"));
}

TEST(JoinRule, who_shares_not_everything_is_alone_and_is_told_which_keys_keep_it_so) {
  const auto refused =
      decide_join(profile("b", "two", "homes.captions"), {node("a", "one", Milliseconds{500})});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("this one keeps"));
  EXPECT_THAT(refused.error().message, HasSubstr("homes.captions"));
  EXPECT_THAT(refused.error().message, HasSubstr("in 6 s"));
  const auto after_it =
      decide_join(profile("b", "two"), {node("a", "one", Milliseconds{500}, "homes.captions")});
  ASSERT_FALSE(after_it);
  EXPECT_THAT(after_it.error().message, HasSubstr("that one keeps"));
  EXPECT_THAT(after_it.error().message, HasSubstr("homes.captions"));
}

TEST(JoinRule, the_dead_that_shared_nothing_go_so_that_they_stop_should_they_live) {
  const auto alone = decide_join(profile("c", "three", "homes.captions"),
                                 {node("a", "one", k_dead), node("b", "two", k_dead)});
  ASSERT_TRUE(alone);
  EXPECT_THAT(*alone, ElementsAre("a", "b"));
  const auto shared =
      decide_join(profile("c", "three"),
                  {node("a", "one", k_dead), node("b", "two", k_dead, "homes.captions")});
  ASSERT_TRUE(shared);
  EXPECT_THAT(*shared, ElementsAre("b"));
}

}  // namespace
}  // namespace shoal::scaling
