// What belongs to a video beside its media: pictures, captions, chapters.
#include <fmt/format.h>

#include <algorithm>

#include "media/sniff.h"
#include "media/subtitles.h"
#include "peertube/importer.h"
#include "peertube/parse.h"

namespace shoal::peertube {
namespace {

constexpr std::uint64_t k_picture_limit = std::uint64_t{4} << 20;
constexpr std::uint64_t k_storyboard_limit = std::uint64_t{16} << 20;

/// What is not there, or not what it should be, will not be so another day either: the video is
/// taken without it. Everything else is tried again with the video.
bool is_lost(const Error& error) {
  return error.code == ErrorCode::not_found || error.code == ErrorCode::forbidden ||
         error.code == ErrorCode::corrupt || error.code == ErrorCode::invalid ||
         error.code == ErrorCode::too_large || error.code == ErrorCode::unsupported;
}

/// The error, unless the video goes without `what`.
Result<> note(VideoReport& report, std::string_view what, const Error& error) {
  if (!is_lost(error)) return std::unexpected(error);
  report.notes.push_back(fmt::format("{}: {}", what, error.message));
  return {};
}

Result<media::ImageKind> picture_kind(std::string_view bytes) {
  TRY(const media::ImageKind kind, media::sniff_image(std::as_bytes(std::span(bytes))));
  if (kind != media::ImageKind::gif) return kind;
  return fail(ErrorCode::unsupported, "it is not a JPEG, PNG or WebP picture");
}

/// PeerTube's own UUID for it, so that old addresses lead to it; else one of the video's.
std::string stem_of(const OldVideo& video, std::string_view path, std::string_view word) {
  path = path.substr(0, path.find_first_of("?#"));
  std::string_view name = path.substr(path.rfind('/') + 1);
  name = name.substr(0, name.rfind('.'));
  if (Uuid::parse(name)) return std::string(name);
  return fmt::format("{}-{}", video.uuid.text(), word);
}

std::string caption_name(const OldVideo& video, const OldCaption& caption) {
  std::string_view path = caption.path;
  path = path.substr(0, path.find_first_of("?#"));
  const std::string_view name = path.substr(path.rfind('/') + 1);
  constexpr std::size_t k_uuid_length = 36;
  const bool is_own =
      Uuid::parse(name.substr(0, k_uuid_length)) &&
      name.substr(std::min(k_uuid_length, name.size())) == fmt::format("-{}.vtt", caption.language);
  return is_own ? std::string(name) : fmt::format("{}-{}.vtt", video.uuid.text(), caption.language);
}

std::string_view word_of(storage::FileKind kind) {
  return storage::to_string(kind);
}

}  // namespace

io::Task<Result<std::optional<Placed>>> Importer::bring_picture(const OldVideo& video,
                                                                std::string path,
                                                                storage::FileKind kind) {
  const std::uint64_t limit =
      kind == storage::FileKind::storyboard ? k_storyboard_limit : k_picture_limit;
  CO_TRY(std::string bytes, co_await services_.instance.read(path, video.origin, limit));
  CO_TRY(const media::ImageKind picture, picture_kind(bytes));
  Parcel parcel{.video = video.uuid,
                .file = {.video = std::nullopt,
                         .kind = kind,
                         .name = stem_of(video, path, word_of(kind)) +
                                 std::string(media::file_extension(picture)),
                         .content_type = std::string(media::media_type(picture)),
                         .checksum = {}}};
  co_return co_await services_.depot.put_bytes(std::move(parcel), std::move(bytes));
}

io::Task<Result<>> Importer::bring_captions(TakenVideo& taken, VideoReport& report) {
  const OldVideo& video = taken.video;
  const auto captions = co_await services_.instance.find_captions(video.uuid);
  if (!captions) co_return note(report, "captions", captions.error());
  for (const OldCaption& caption : *captions) {
    const std::string what = "caption " + caption.language;
    const bool is_double = std::ranges::any_of(
        taken.captions, [&](const auto& other) { return other.old.language == caption.language; });
    if (is_double) continue;
    const auto text =
        co_await services_.instance.read(caption.path, video.origin, media::SubtitleLimits{}.bytes);
    if (!text) {
      CO_TRY_VOID(note(report, what, text.error()));
      continue;
    }
    const auto cues = media::parse_subtitles(*text);
    if (!cues) {
      CO_TRY_VOID(note(report, what, cues.error()));
      continue;
    }
    Parcel parcel{.video = video.uuid,
                  .file = {.video = std::nullopt,
                           .kind = storage::FileKind::caption,
                           .name = caption_name(video, caption),
                           .content_type = "text/vtt",
                           .checksum = {}}};
    CO_TRY(Placed placed,
           co_await services_.depot.put_bytes(std::move(parcel), media::write_webvtt(*cues)));
    taken.captions.push_back({caption, std::move(placed)});
  }
  co_return Result<>{};
}

io::Task<Result<>> Importer::bring_extras(TakenVideo& taken, VideoReport& report) {
  const OldVideo& video = taken.video;
  struct Wanted {
    const std::optional<std::string>* path;
    storage::FileKind kind;
    std::optional<Placed>* to;
  };
  const Wanted pictures[] = {
      {&video.thumbnail_path, storage::FileKind::thumbnail, &taken.thumbnail},
      {&video.preview_path, storage::FileKind::preview, &taken.preview}};
  for (const Wanted& wanted : pictures) {
    if (!*wanted.path) continue;
    auto picture = co_await bring_picture(video, **wanted.path, wanted.kind);
    if (picture) {
      *wanted.to = *std::move(picture);
    } else {
      CO_TRY_VOID(note(report, word_of(wanted.kind), picture.error()));
    }
  }
  const auto board = co_await services_.instance.find_storyboard(video.uuid);
  if (!board) {
    CO_TRY_VOID(note(report, "storyboard", board.error()));
  } else if (*board) {
    auto sheet = co_await bring_picture(video, (*board)->path, storage::FileKind::storyboard);
    if (sheet) {
      taken.storyboard = TakenVideo::Storyboard{**board, **std::move(sheet)};
    } else {
      CO_TRY_VOID(note(report, "storyboard", sheet.error()));
    }
  }
  CO_TRY_VOID(co_await bring_captions(taken, report));
  auto chapters = co_await services_.instance.find_chapters(video.uuid);
  if (!chapters) co_return note(report, "chapters", chapters.error());
  taken.chapters = *std::move(chapters);
  co_return Result<>{};
}

}  // namespace shoal::peertube
