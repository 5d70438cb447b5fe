#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shoal::catalog {

// Search without an engine's own text index, so that SQLite and PostgreSQL find the same: text is
// normalised (case, accents, widths folded), cut into words, and words into grams. Pure functions.

/// One normalised word. `unspaced`: of a script that is written without spaces (Chinese, Japanese,
/// Thai…), where a "word" is a whole run of characters.
struct SearchWord {
  std::u32string letters;
  bool unspaced = false;
  friend bool operator==(const SearchWord&, const SearchWord&) = default;
};

/// The words of `text` in order; at most 64 of at most 64 letters each. What is no letter or digit
/// separates. Text that is not UTF-8 has no words.
std::vector<SearchWord> search_words(std::string_view text);

/// Grams that a text is found by, sorted, each once: trigrams of each word with a space on either
/// side (so that its ends count), single characters and bigrams of unspaced runs.
std::vector<std::string> index_grams(std::string_view text);

/// The grams to look for, most telling first, at most `limit`; empty when there is no word.
std::vector<std::string> query_grams(const std::vector<SearchWord>& words, std::size_t limit);

/// How well words match a video, or 0 when they do not: every word (one in three may be missing,
/// from three words on) must equal, begin, be part of, or with a typo be like a word of `name` or
/// of `tags`. Bigger is better.
int match_score(const std::vector<SearchWord>& query, std::string_view name,
                const std::vector<std::string>& tags);

}  // namespace shoal::catalog
