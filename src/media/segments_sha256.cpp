#include "media/segments_sha256.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace shoal::media {

namespace {

constexpr std::size_t k_text_limit = std::size_t{32} << 20;
constexpr std::size_t k_file_limit = 100;
constexpr std::size_t k_segment_limit = 100'000;

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<SegmentDigest> parse_segment(std::string_view range, const boost::json::value& digest) {
  const auto dash = range.find('-');
  const auto first = parse_unsigned(range.substr(0, dash));
  const auto last = dash == range.npos ? std::nullopt : parse_unsigned(range.substr(dash + 1));
  SegmentDigest segment;
  if (!first || !last || *last < *first || !digest.is_string() ||
      !from_hex(digest.get_string(), segment.sha256)) {
    return fail(ErrorCode::corrupt, "a segment digest is not \"first-last\": \"sha256 in hex\"");
  }
  segment.first_byte = *first;
  segment.last_byte = *last;
  return segment;
}

}  // namespace

std::string write_segments_sha256(const std::vector<FileDigests>& files) {
  boost::json::object root;
  for (const FileDigests& file : files) {
    boost::json::object ranges;
    for (const SegmentDigest& segment : file.segments) {
      ranges[fmt::format("{}-{}", segment.first_byte, segment.last_byte)] = to_hex(segment.sha256);
    }
    root[file.file_name] = std::move(ranges);
  }
  return boost::json::serialize(root);
}

Result<std::vector<FileDigests>> parse_segments_sha256(std::string_view text) {
  if (text.size() > k_text_limit) {
    return fail(ErrorCode::too_large, "the file of segment digests is too large");
  }
  boost::system::error_code error;
  const boost::json::value root = boost::json::parse(text, error);
  if (error || !root.is_object()) {
    return fail(ErrorCode::corrupt, "the segment digests are not a JSON object");
  }
  if (root.get_object().size() > k_file_limit) {
    return fail(ErrorCode::too_large, "the segment digests name too many files");
  }
  std::vector<FileDigests> files;
  for (const auto& [name, ranges] : root.get_object()) {
    if (!ranges.is_object() || ranges.get_object().size() > k_segment_limit) {
      return fail(ErrorCode::corrupt, "the segment digests of a file are not a JSON object");
    }
    FileDigests& file = files.emplace_back();
    file.file_name = std::string(name);
    for (const auto& [range, digest] : ranges.get_object()) {
      TRY(const SegmentDigest segment, parse_segment(range, digest));
      file.segments.push_back(segment);
    }
  }
  return files;
}

}  // namespace shoal::media
