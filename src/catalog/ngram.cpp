#include "catalog/ngram.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "catalog/fold_table.h"

namespace shoal::catalog {
namespace {

constexpr std::size_t k_max_words = 64;
constexpr std::size_t k_max_word_letters = 64;

struct Interval {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool within(const Interval (&intervals)[N], char32_t c) {
  return std::ranges::any_of(intervals, [c](Interval i) { return c >= i.first && c <= i.last; });
}

// Marks that only modify the letter before them.
constexpr Interval k_marks[] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5c7},
                                {0x610, 0x61a},   {0x64b, 0x65f},   {0x1ab0, 0x1aff},
                                {0x20d0, 0x20ff}, {0x3099, 0x309a}, {0xfe00, 0xfe2f}};

constexpr Interval k_unspaced[] = {
    {0x0e00, 0x0eff}, {0x1000, 0x109f}, {0x1780, 0x17ff},  {0x3005, 0x3007}, {0x3040, 0x30ff},
    {0x3100, 0x312f}, {0x31f0, 0x31ff}, {0x3400, 0x4dbf},  {0x4e00, 0x9fff}, {0xac00, 0xd7af},
    {0xf900, 0xfaff}, {0xff66, 0xff9f}, {0x20000, 0x323af}};

// Beyond ASCII: signs, punctuation, symbols, private use, pictographs.
constexpr Interval k_separators[] = {
    {0x80, 0xa9},     {0xab, 0xb1},     {0xb4, 0xb4},       {0xb6, 0xb8},       {0xbb, 0xbf},
    {0xd7, 0xd7},     {0xf7, 0xf7},     {0x2000, 0x20cf},   {0x2190, 0x2bff},   {0x2e00, 0x2fff},
    {0x3000, 0x3004}, {0x3008, 0x303f}, {0x30fb, 0x30fb},   {0xe000, 0xf8ff},   {0xfe30, 0xff00},
    {0xff5f, 0xff65}, {0xffe0, 0xffff}, {0x1f000, 0x1ffff}, {0xe0000, 0x10ffff}};

bool is_letter(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return !within(k_separators, c);
}

const Fold* find_fold(char32_t c) {
  const auto all = folds();
  const auto found = std::ranges::lower_bound(all, c, {}, &Fold::from);
  return found != all.end() && found->from == c ? &*found : nullptr;
}

void append_folded(std::u32string& out, char32_t c) {
  if (c < 0x80) {
    out += c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
  } else if (const Fold* fold = find_fold(c)) {
    out += fold->to;
  } else if (!within(k_marks, c)) {
    out += c;
  }
}

std::string gram(std::u32string_view letters) {
  std::string out;
  for (const char32_t c : letters) append_utf8(out, c);
  return out;
}

std::vector<std::string> word_grams(const SearchWord& word) {
  std::vector<std::string> grams;
  if (word.unspaced) {
    if (word.letters.size() == 1) return {gram(word.letters)};
    for (std::size_t i = 0; i + 2 <= word.letters.size(); ++i)
      grams.push_back(gram(std::u32string_view(word.letters).substr(i, 2)));
    return grams;
  }
  const std::u32string padded = U' ' + word.letters + U' ';
  for (std::size_t i = 0; i + 3 <= padded.size(); ++i)
    grams.push_back(gram(std::u32string_view(padded).substr(i, 3)));
  return grams;
}

/// How many edits `query` is away from the nearest beginning of `word` (`whole` false) or from all
/// of it; an edit changes, adds, drops or swaps neighbours (optimal string alignment).
std::size_t edits(std::u32string_view query, std::u32string_view word, bool whole) {
  std::vector<std::size_t> before(word.size() + 1);
  std::vector<std::size_t> last(word.size() + 1);
  std::vector<std::size_t> row(word.size() + 1);
  for (std::size_t j = 0; j <= word.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= query.size(); ++i) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= word.size(); ++j) {
      const std::size_t change = query[i - 1] == word[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      const bool swapped =
          i > 1 && j > 1 && query[i - 1] == word[j - 2] && query[i - 2] == word[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return whole ? row.back() : *std::ranges::min_element(row);
}

std::size_t typos_allowed(std::size_t letters) {
  if (letters < 4) return 0;
  return letters < 8 ? 1 : 2;
}

int unspaced_score(std::u32string_view query, std::u32string_view run) {
  if (run == query) return 100;
  if (run.find(query) != run.npos) return run.starts_with(query) ? 90 : 85;
  if (query.size() < 3) return 0;
  std::size_t shared = 0;
  for (std::size_t i = 0; i + 2 <= query.size(); ++i)
    shared += run.find(query.substr(i, 2)) != run.npos ? 1 : 0;
  return shared * 2 >= query.size() - 1 ? 40 : 0;
}

int word_score(const SearchWord& query, const SearchWord& word) {
  if (query.unspaced != word.unspaced) return 0;
  if (query.unspaced) return unspaced_score(query.letters, word.letters);
  if (query.letters == word.letters) return 100;
  if (word.letters.starts_with(query.letters)) return 80;
  // A part of one or two letters is in nearly every word.
  if (query.letters.size() >= 3 && word.letters.find(query.letters) != word.letters.npos) return 60;
  const std::size_t allowed = typos_allowed(query.letters.size());
  if (allowed == 0) return 0;
  if (edits(query.letters, word.letters, true) <= allowed) return 50;
  return edits(query.letters, word.letters, false) <= allowed ? 30 : 0;
}

int best_score(const SearchWord& query, const std::vector<SearchWord>& words) {
  int best = 0;
  for (const SearchWord& word : words) best = std::max(best, word_score(query, word));
  return best;
}

}  // namespace

std::vector<SearchWord> search_words(std::string_view text) {
  std::vector<SearchWord> words;
  if (!is_valid_utf8(text)) return words;
  std::u32string folded;
  for (const char32_t c : to_code_points(text)) append_folded(folded, c);
  bool inside = false;
  for (const char32_t c : folded) {
    if (!is_letter(c)) {
      inside = false;
      continue;
    }
    const bool unspaced = within(k_unspaced, c);
    if (!inside || words.back().unspaced != unspaced) {
      if (words.size() == k_max_words) break;
      words.push_back({{}, unspaced});
      inside = true;
    }
    if (words.back().letters.size() < k_max_word_letters) words.back().letters += c;
  }
  return words;
}

std::vector<std::string> index_grams(std::string_view text) {
  std::set<std::string> grams;
  for (const SearchWord& word : search_words(text)) {
    for (std::string& one : word_grams(word)) grams.insert(std::move(one));
    if (!word.unspaced) continue;
    for (const char32_t c : word.letters) grams.insert(gram(std::u32string_view(&c, 1)));
  }
  return {grams.begin(), grams.end()};
}

std::vector<std::string> query_grams(const std::vector<SearchWord>& words, std::size_t limit) {
  std::vector<std::vector<std::string>> by_word;
  for (const SearchWord& word : words) {
    std::vector<std::string> grams;
    // A word of two letters is looked for as a beginning; its end would only narrow it.
    if (!word.unspaced && word.letters.size() <= 2 && !word.letters.empty()) {
      grams.push_back(gram(U' ' + word.letters + (word.letters.size() == 1 ? U" " : U"")));
    } else {
      grams = word_grams(word);
    }
    by_word.push_back(std::move(grams));
  }
  // One of each word in turn, so that a long first word does not use up the limit.
  std::vector<std::string> out;
  for (std::size_t turn = 0; out.size() < limit; ++turn) {
    bool any = false;
    for (const auto& grams : by_word) {
      if (turn >= grams.size()) continue;
      any = true;
      if (out.size() < limit && std::ranges::find(out, grams[turn]) == out.end())
        out.push_back(grams[turn]);
    }
    if (!any) break;
  }
  return out;
}

int match_score(const std::vector<SearchWord>& query, std::string_view name,
                const std::vector<std::string>& tags) {
  if (query.empty()) return 0;
  const std::vector<SearchWord> name_words = search_words(name);
  std::vector<SearchWord> tag_words;
  for (const std::string& tag : tags) {
    for (SearchWord& word : search_words(tag)) tag_words.push_back(std::move(word));
  }
  int total = 0;
  std::size_t missing = 0;
  for (const SearchWord& word : query) {
    // A name says what a video is; a tag only what it is about.
    const int score = std::max(best_score(word, name_words) * 10, best_score(word, tag_words) * 7);
    if (score == 0) ++missing;
    total += score;
  }
  if (missing > query.size() / 3 || total == 0) return 0;
  const bool as_phrase = std::ranges::search(name_words, query).begin() != name_words.end();
  const int average = total / static_cast<int>(query.size());
  const int brevity = 20 - static_cast<int>(std::min<std::size_t>(name_words.size(), 20));
  return average + (as_phrase ? 100 : 0) + brevity;
}

}  // namespace shoal::catalog
