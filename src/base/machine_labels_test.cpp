#include "base/machine_labels.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(MachineLabels, words_of_machines_are_labels_and_anything_else_says_why_not) {
  for (const char* label : {"gpu", "av1", "region:eu", "rack-3.b", "x"})
    EXPECT_EQ(check_machine_label(label), "") << label;
  for (const std::string& text :
       {std::string(), std::string("GPU"), std::string("two words"), std::string(":eu"),
        std::string("eu:"), std::string("a,b"), std::string("ü"), std::string(64, 'a')})
    EXPECT_TRUE(check_machine_label(text).starts_with("is no label")) << text;
}

TEST(MachineLabels, as_words_they_come_back_in_order_and_each_once) {
  const MachineLabels labels = ordered({"gpu", "av1", "gpu"});
  EXPECT_EQ(labels, (MachineLabels{"av1", "gpu"}));
  EXPECT_EQ(to_words(labels), "av1 gpu");
  EXPECT_EQ(from_words("av1 gpu"), labels);
  EXPECT_EQ(from_words(""), MachineLabels{});
}

TEST(MachineLabels, who_lacks_one_has_not_all) {
  const MachineLabels labels{"av1", "gpu"};
  EXPECT_TRUE(has_all(labels, {}));
  EXPECT_TRUE(has_all(labels, {"gpu"}));
  EXPECT_FALSE(has_all(labels, {"gpu", "region:eu"}));
  EXPECT_FALSE(has_all({}, {"gpu"}));
}

}  // namespace
}  // namespace shoal
