#include "catalog/ngram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"

namespace shoal::catalog {
namespace {

using testing::ElementsAre;

int score(std::string_view query, std::string_view name,
          const std::vector<std::string>& tags = {}) {
  return match_score(search_words(query), name, tags);
}

bool share_a_gram(std::string_view query, std::string_view name) {
  const auto grams = index_grams(name);
  for (const std::string& gram : query_grams(search_words(query), 16)) {
    if (std::ranges::binary_search(grams, gram)) return true;
  }
  return false;
}

TEST(Ngram, words_are_folded_and_cut_at_what_is_no_letter) {
  const auto words = search_words("  Crème-BRÛLÉE, 2nd;Straße");
  ASSERT_EQ(words.size(), 4u);
  EXPECT_EQ(words[0].letters, U"creme");
  EXPECT_EQ(words[1].letters, U"brulee");
  EXPECT_EQ(words[2].letters, U"2nd");
  EXPECT_EQ(words[3].letters, U"strasse");
}

TEST(Ngram, decomposed_and_composed_accents_are_the_same) {
  EXPECT_EQ(search_words("e\u0301cole"), search_words("\u00e9cole"));
  EXPECT_EQ(search_words("\uff28\uff45\uff4c\uff4c\uff4f"), search_words("hello"));
  EXPECT_EQ(search_words("\u041c\u041e\u0421\u041a\u0412\u0410"),
            search_words("\u043c\u043e\u0441\u043a\u0432\u0430"));
}

TEST(Ngram, scripts_without_spaces_become_bigrams_and_single_characters) {
  EXPECT_THAT(index_grams("视频教程"),
              testing::UnorderedElementsAre("视频", "频教", "教程", "视", "频", "教", "程"));
  EXPECT_THAT(query_grams(search_words("视频"), 8), ElementsAre("视频"));
}

TEST(Ngram, other_words_become_trigrams_with_their_ends) {
  EXPECT_THAT(index_grams("Bunny"), ElementsAre(" bu", "bun", "nny", "ny ", "unn"));
}

TEST(Ngram, mixed_scripts_are_separate_words) {
  const auto words = search_words("学C++编程");
  ASSERT_EQ(words.size(), 3u);
  EXPECT_TRUE(words[0].unspaced);
  EXPECT_EQ(words[1].letters, U"c");
}

TEST(Ngram, finds_words_parts_and_typos) {
  for (const char* query : {"bunny", "bun", "unn", "buny", "bunyn", "bnuny", "big bunny"}) {
    EXPECT_GT(score(query, "Big Buck Bunny"), 0) << query;
    EXPECT_TRUE(share_a_gram(query, "Big Buck Bunny")) << query;
  }
  EXPECT_GT(score("视频", "视频教程"), 0);
  EXPECT_TRUE(share_a_gram("视频", "视频教程"));
  EXPECT_EQ(score("sintel", "Big Buck Bunny"), 0);
  EXPECT_EQ(score("big sintel", "Big Buck Bunny"), 0);
}

TEST(Ngram, better_matches_score_higher) {
  EXPECT_GT(score("bunny", "Bunny"), score("bunny", "Bunnyhop"));
  EXPECT_GT(score("bunny", "Bunnyhop"), score("bunny", "Superbunny"));
  EXPECT_GT(score("bunny", "Superbunny"), score("bunny", "Buny"));
  EXPECT_GT(score("bunny", "The Bunny"), score("bunny", "The film", {"bunny"}));
  EXPECT_GT(score("big buck", "Big Buck Bunny"), score("big buck", "Buck and the big bunny"));
}

TEST(Ngram, one_word_in_three_may_be_missing) {
  EXPECT_GT(score("big buck rabbit", "Big Buck Bunny"), 0);
  EXPECT_EQ(score("big rabbit", "Big Buck Bunny"), 0);
}

TEST(Ngram, hostile_text_has_bounded_words) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "ab" + std::to_string(i) + " ";
  EXPECT_LE(search_words(text).size(), 64u);
  EXPECT_LE(search_words(std::string(100'000, 'x'))[0].letters.size(), 64u);
  EXPECT_TRUE(search_words("\xff\xfe broken").empty());
  EXPECT_TRUE(search_words("'; drop table video; --").size() == 3u);
  EXPECT_LE(query_grams(search_words(text), 16).size(), 16u);
}

// Whatever is written, a text finds itself when it has a word.
TEST(Ngram, every_text_finds_itself) {
  SeededRandom random(42);
  constexpr char32_t k_alphabet[] = {U'a', U'B',      U'\u00e9', U'\u00df', U'1',      U' ',
                                     U'-', U'\u4e2d', U'\u6587', U'\u30d3', U'\u0436', U'\u0e01'};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    const auto length = 1 + random.below(20);
    for (std::uint64_t i = 0; i < length; ++i)
      append_utf8(text, k_alphabet[random.below(std::size(k_alphabet))]);
    if (search_words(text).empty()) continue;
    EXPECT_GT(score(text, text), 0) << text;
    EXPECT_TRUE(share_a_gram(text, text)) << text;
  }
}

}  // namespace
}  // namespace shoal::catalog
