#include "app/config/stores.h"

#include <algorithm>

#include "base/text.h"

namespace shoal::app {
namespace {

bool are_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::vector<StoreConfig::BaseUrl> StoreConfig::weighted_base_urls() const {
  std::vector<BaseUrl> out;
  for (const auto& text : base_urls)
    if (auto base_url = parse_base_url(text)) out.push_back(std::move(*base_url));
  return out;
}

std::optional<StoreConfig::BaseUrl> parse_base_url(std::string_view text) {
  constexpr std::int64_t k_most = 1000;
  text = trim(text);
  const auto blank = text.find_first_of(" \t");
  StoreConfig::BaseUrl out;
  auto url = text.substr(0, blank);
  while (url.ends_with('/')) url.remove_suffix(1);
  out.url = url;
  if (blank == std::string_view::npos) return out;
  const auto weight = parse_int(trim(text.substr(blank)));
  if (!weight || *weight < 1 || *weight > k_most) return std::nullopt;
  out.weight = *weight;
  return out;
}

std::optional<std::int64_t> parse_price(std::string_view text) {
  constexpr std::size_t k_most_digits = 9;
  constexpr std::size_t k_decimals = 6;
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const auto behind = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (whole.empty() || whole.size() > k_most_digits || behind.size() > k_decimals) return {};
  if (text.ends_with('.') || !are_digits(whole) || !are_digits(behind)) return {};
  return parse_int(std::string(whole) + std::string(behind) +
                   std::string(k_decimals - behind.size(), '0'));
}

}  // namespace shoal::app
