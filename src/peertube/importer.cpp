#include "peertube/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "catalog/constants.h"
#include "catalog/videos.h"
#include "media/m3u8/playlist.h"
#include "media/sniff.h"
#include "peertube/parse.h"

namespace shoal::peertube {
namespace {

constexpr std::string_view k_playlist_type = "application/vnd.apple.mpegurl";
constexpr std::uint64_t k_digests_limit = std::uint64_t{32} << 20;
/// More than any instance has: a server that sends the same page for ever is not asked for ever.
constexpr std::size_t k_most_videos = 1'000'000;

std::uint64_t& bytes_of(VideoReport& report, SourceKind kind) {
  return report.bytes.at(static_cast<std::size_t>(kind));
}

bool is_open(const OldVideo& video) {
  return catalog::is_media_open(video.attributes.privacy);
}

/// Whether what it has can be taken as it is.
bool has_renditions(const OldVideo& video) {
  return !video.hls_files.empty() && !keeps_sound_apart(video);
}

void add(ImportSummary& summary, const VideoReport& report) {
  switch (report.outcome) {
    case Outcome::taken:
      ++summary.taken;
      break;
    case Outcome::queued:
      ++summary.queued;
      break;
    case Outcome::there:
      ++summary.there;
      break;
    case Outcome::refused:
      ++summary.refused;
      break;
  }
  if (report.outcome == Outcome::refused) return;
  for (std::size_t i = 0; i < report.bytes.size(); ++i) summary.bytes.at(i) += report.bytes.at(i);
}

}  // namespace

io::Task<Result<bool>> Importer::is_here(Uuid uuid) {
  co_return co_await services_.database.read([uuid](db::Session& session) -> Result<bool> {
    return catalog::find_video_access(session, catalog::VideoKey(uuid)).has_value();
  });
}

io::Task<Result<Placed>> Importer::put_text(const OldVideo& video, storage::FileKind kind,
                                            std::string name, std::string content_type,
                                            std::string text) {
  Parcel parcel{.video = video.uuid,
                .file = {.video = std::nullopt,
                         .kind = kind,
                         .name = std::move(name),
                         .content_type = std::move(content_type),
                         .checksum = {}}};
  co_return co_await services_.depot.put_bytes(std::move(parcel), std::move(text));
}

io::Task<Result<TakenVideo::Rendition>> Importer::bring_rendition(
    const OldVideo& video, OldFile file, Source source, std::string text,
    const std::vector<media::FileDigests>& digests) {
  CO_TRY(const media::m3u8::MediaPlaylist playlist, media::m3u8::parse_media_playlist(text));
  CO_TRY(FileLayout layout, layout_of(playlist, file));
  CO_TRY(const ScannedFile scanned,
         co_await services_.sources.scan(source, file, video.origin,
                                         FileScan(std::move(layout.ranges), layout.head)));
  if (scanned.checksum.size != file.size)
    co_return fail(ErrorCode::corrupt, file.name + " changed while it was read");
  TakenVideo::Rendition taken;
  const std::string name = name_here(video.uuid, file.name);
  auto adopted = adopt_rendition(file, name, playlist, scanned, digests);
  if (!adopted) {
    co_await services_.sources.drop(source);
    co_return std::unexpected(adopted.error());
  }
  taken.adopted = *std::move(adopted);
  Parcel parcel{.video = video.uuid,
                .file = {.video = std::nullopt,
                         .kind = storage::FileKind::rendition,
                         .name = name,
                         .content_type = "video/mp4",
                         .checksum = scanned.checksum}};
  if (source.kind == SourceKind::store) {
    // It is where it belongs: only a row is missing, and nothing is announced that is not ours yet.
    // Its address was told by the old instance, which lets anybody read what anybody may see.
    taken.file = {std::move(parcel.file), services_.sources.store_name(), source.object_key,
                  is_open(video) ? storage::Exposure::address : storage::Exposure::closed};
  } else {
    CO_TRY(taken.file,
           co_await services_.depot.put_file(std::move(parcel), source.path, !source.is_ours));
  }
  CO_TRY(taken.playlist,
         co_await put_text(video, storage::FileKind::playlist, taken.adopted.finished.playlist_name,
                           std::string(k_playlist_type), taken.adopted.finished.playlist));
  co_return taken;
}

io::Task<Result<>> Importer::bring_hls(TakenVideo& taken, VideoReport& report) {
  const OldVideo& video = taken.video;
  std::vector<media::FileDigests> digests;
  if (!video.digests_url.empty()) {
    const auto text =
        co_await services_.instance.read(video.digests_url, video.origin, k_digests_limit);
    if (text) {
      CO_TRY(digests, media::parse_segments_sha256(*text));
    } else if (text.error().code != ErrorCode::not_found) {
      co_return std::unexpected(text.error());
    }
  }
  for (const OldFile& file : video.hls_files) {
    CO_TRY(const Source source, co_await services_.sources.find_hls(video, file));
    CO_TRY(std::string playlist,
           co_await services_.sources.read_playlist(source, file, video.origin));
    CO_TRY(TakenVideo::Rendition rendition,
           co_await bring_rendition(video, file, source, std::move(playlist), digests));
    taken.renditions.push_back(std::move(rendition));
    bytes_of(report, source.kind) += file.size;
  }
  co_return co_await put_playlists(taken);
}

io::Task<Result<>> Importer::put_playlists(TakenVideo& taken) {
  const OldVideo& video = taken.video;
  std::vector<AdoptedRendition> adopted;
  adopted.reserve(taken.renditions.size());
  for (const TakenVideo::Rendition& rendition : taken.renditions)
    adopted.push_back(rendition.adopted);
  CO_TRY(AdoptedPlaylists playlists, adopt_playlists(video, adopted));
  CO_TRY(taken.master,
         co_await put_text(video, storage::FileKind::playlist, std::move(playlists.master_name),
                           std::string(k_playlist_type), std::move(playlists.master)));
  CO_TRY(taken.digests, co_await put_text(video, storage::FileKind::segments_sha256,
                                          std::move(playlists.digests_name), "application/json",
                                          std::move(playlists.digests)));
  co_return Result<>{};
}

io::Task<Result<Source>> Importer::find_input(const OldVideo& video, const OldFile& file,
                                              bool is_web) {
  co_return is_web ? co_await services_.sources.find_web(video, file)
                   : co_await services_.sources.find_hls_file(video, file);
}

io::Task<Result<TakenVideo::Rendition>> Importer::repackage_rendition(const OldVideo& video,
                                                                      Repackaging repackaging,
                                                                      VideoReport& report) {
  std::vector<Source> sources;
  std::vector<io::Path> inputs;
  sources.reserve(repackaging.inputs.size());
  inputs.reserve(repackaging.inputs.size());
  for (const OldFile& file : repackaging.inputs) {
    CO_TRY(Source source, co_await find_input(video, file, repackaging.is_web));
    CO_TRY(const ScannedFile there,
           co_await services_.sources.scan(source, file, video.origin, FileScan({}, 0)));
    if (there.checksum.size != file.size)
      co_return fail(ErrorCode::corrupt, file.name + " changed while it was read");
    inputs.push_back(source.path);
    sources.push_back(std::move(source));
  }
  bytes_of(report, sources.front().kind) += repackaging.inputs.front().size;
  OldFile file = std::move(repackaging.rendition);
  CO_TRY(Repackaged made,
         co_await repackage(services_.steps, inputs, video.duration,
                            services_.sources.scratch() / "repackaged", file.name));
  file.size = made.size;
  CO_TRY(TakenVideo::Rendition taken, co_await bring_rendition(video, std::move(file),
                                                               {.kind = SourceKind::folder,
                                                                .object_key = {},
                                                                .path = made.file,
                                                                .url = {},
                                                                .is_ours = true},
                                                               std::move(made.playlist), {}));
  // The sound is wanted again, until it is its own turn.
  co_await services_.sources.drop(sources.front());
  co_return taken;
}

io::Task<Result<>> Importer::bring_repackaged(TakenVideo& taken, VideoReport& report) {
  for (Repackaging& repackaging : repackagings_of(taken.video)) {
    CO_TRY(TakenVideo::Rendition rendition,
           co_await repackage_rendition(taken.video, std::move(repackaging), report));
    taken.renditions.push_back(std::move(rendition));
  }
  if (taken.renditions.empty()) co_return fail(ErrorCode::unsupported, "it has no whole file");
  co_return co_await put_playlists(taken);
}

io::Task<Result<>> Importer::bring_original(TakenVideo& taken, VideoReport& report) {
  const OldVideo& video = taken.video;
  const OldFile& file = video.web_files.front();
  CO_TRY(const Source source, co_await services_.sources.find_web(video, file));
  const auto head =
      static_cast<std::size_t>(std::min<std::uint64_t>(media::k_sniff_size, file.size));
  CO_TRY(const ScannedFile scanned,
         co_await services_.sources.scan(source, file, video.origin, FileScan({}, head)));
  if (scanned.checksum.size != file.size)
    co_return fail(ErrorCode::corrupt, file.name + " changed while it was read");
  CO_TRY(const media::Container container, media::sniff_media(scanned.head));
  Parcel parcel{.video = video.uuid,
                .file = {.video = std::nullopt,
                         .kind = storage::FileKind::original,
                         .name = name_here(video.uuid, file.name),
                         .content_type = std::string(media::media_type(container)),
                         .checksum = scanned.checksum}};
  CO_TRY(taken.original,
         co_await services_.depot.put_file(std::move(parcel), source.path, !source.is_ours));
  bytes_of(report, source.kind) += file.size;
  co_return Result<>{};
}

io::Task<Result<>> Importer::record(TakenVideo taken, VideoReport& report) {
  const bool has_original = taken.original.has_value();
  const auto shared = std::make_shared<const TakenVideo>(std::move(taken));
  CO_TRY(const bool recorded,
         co_await services_.database.write(
             [this, shared, now = services_.clock.now()](db::Session& session) -> Result<bool> {
               return record_video(session, people_, *shared, now);
             }));
  report.outcome = has_original ? Outcome::queued : Outcome::taken;
  if (!recorded) report.outcome = Outcome::there;
  co_return Result<>{};
}

io::Task<Result<>> Importer::bring_media(TakenVideo& taken, VideoReport& report) {
  using Way = io::Task<Result<>> (Importer::*)(TakenVideo&, VideoReport&);
  std::vector<Way> ways;
  if (has_renditions(taken.video)) ways.push_back(&Importer::bring_hls);
  if (!repackagings_of(taken.video).empty()) ways.push_back(&Importer::bring_repackaged);
  if (!taken.video.web_files.empty()) ways.push_back(&Importer::bring_original);
  Result<> brought;
  for (const Way way : ways) {
    taken.renditions.clear();
    report.bytes = {};
    brought = co_await (this->*way)(taken, report);
    if (brought || brought.error().code != ErrorCode::unsupported) break;
  }
  co_return brought;
}

io::Task<Result<>> Importer::bring(OldVideo video, VideoReport& report) {
  TakenVideo taken;
  taken.video = std::move(video);
  CO_TRY_VOID(co_await bring_media(taken, report));
  CO_TRY_VOID(co_await bring_extras(taken, report));
  co_return co_await record(std::move(taken), report);
}

io::Task<Result<>> Importer::look(const OldVideo& video, VideoReport& report) {
  if (has_renditions(video)) {
    for (const OldFile& file : video.hls_files) {
      CO_TRY(const Source source, co_await services_.sources.find_hls(video, file));
      bytes_of(report, source.kind) += file.size;
    }
  } else {
    for (const Repackaging& repackaging : repackagings_of(video)) {
      CO_TRY(const Source source,
             co_await find_input(video, repackaging.inputs.front(), repackaging.is_web));
      bytes_of(report, source.kind) += repackaging.inputs.front().size;
    }
  }
  report.outcome = Outcome::taken;
  co_return Result<>{};
}

io::Task<VideoReport> Importer::take(ListedVideo listed) {
  VideoReport report{.uuid = listed.uuid, .name = listed.name};
  const auto refuse = [&report](std::string reason) {
    report.outcome = Outcome::refused;
    report.reason = std::move(reason);
  };
  const auto here = co_await is_here(listed.uuid);
  if (!here) {
    refuse(here.error().message);
    co_return report;
  }
  if (*here) {
    report.outcome = Outcome::there;
    co_return report;
  }
  auto video = co_await services_.instance.find_video(listed.uuid);
  if (!video) {
    refuse(video.error().message);
  } else if (!video->obstacle.empty()) {
    refuse(video->obstacle);
  } else {
    const auto done = options_.is_dry_run ? co_await look(*video, report)
                                          : co_await bring(*std::move(video), report);
    if (!done) refuse(done.error().message);
  }
  co_return report;
}

io::Task<Result<>> Importer::make_channels(ImportSummary& summary) {
  for (std::size_t start = 0; start < k_most_videos;) {
    CO_TRY(const OldPage<OldChannel> page, co_await services_.instance.list_channels(start));
    for (const OldChannel& channel : page.entries) {
      const auto made = co_await services_.database.write(
          [this, channel, now = services_.clock.now()](db::Session& session) -> Result<> {
            TRY_VOID(ensure_channel(session, people_, channel, now));
            return {};
          });
      if (!made)
        summary.notes.push_back(fmt::format("channel {}: {}", channel.name, made.error().message));
    }
    start += page.sent;
    if (page.sent < k_page_size) break;
  }
  co_return Result<>{};
}

io::Task<Result<ImportSummary>> Importer::run(std::function<void(const VideoReport&)> on_video) {
  ImportSummary summary;
  CO_TRY(people_.users, co_await services_.instance.list_users());
  // Whoever has no videos is taken along where everything is.
  const bool is_whole = options_.channel.empty() && !options_.limit && !options_.is_dry_run;
  if (is_whole && services_.instance.sees_all()) CO_TRY_VOID(co_await make_channels(summary));
  std::set<Uuid> seen;
  for (std::size_t start = 0; start < k_most_videos;) {
    CO_TRY(const OldPage<ListedVideo> page, co_await services_.instance.list_videos(start));
    for (const ListedVideo& listed : page.entries) {
      const bool wanted = options_.channel.empty() || options_.channel == listed.channel;
      if (!wanted || !seen.insert(listed.uuid).second) continue;
      if (options_.limit && summary.taken + summary.queued >= *options_.limit) co_return summary;
      const VideoReport report = co_await take(listed);
      add(summary, report);
      if (on_video) on_video(report);
    }
    start += page.sent;
    if (page.sent < k_page_size) break;
  }
  co_return summary;
}

}  // namespace shoal::peertube
