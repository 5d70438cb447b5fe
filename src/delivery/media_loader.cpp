#include "delivery/media_loader.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "delivery/late_reader.h"
#include "delivery/media_response.h"
#include "delivery/object_body.h"

namespace shoal::delivery {
namespace {

constexpr std::uint64_t k_longest_text = std::uint64_t{8} << 20;

bool is_playlist_type(std::string_view content_type) {
  return to_lower_ascii(content_type).contains("mpegurl");
}

/// Texts are kept and answered as they are: what came other than it was recorded is not taken.
io::Task<Result<std::string>> read_text(BlockCache& blocks,
                                        std::shared_ptr<const RemoteObject> object) {
  std::string text(object->reader->size(), '\0');
  const auto bytes = std::as_writable_bytes(std::span(text));
  ObjectBody body(blocks, object, {0, text.size()});
  for (std::size_t at = 0; at < text.size();) {
    CO_TRY(const auto got, co_await body.read(bytes.subspan(at)));
    at += got;
  }
  if (!object->sha256.empty() && to_hex(Sha256::of(text)) != object->sha256)
    co_return fail(ErrorCode::corrupt, "the object is not what was recorded");
  co_return text;
}

DoorCounters make_counters(Metrics& metrics, const std::string& store) {
  const auto bytes = [&](Door door) {
    return metrics.counter("shoal_media_store_bytes_total",
                           "Bytes of media by store, answered or sent elsewhere for",
                           {{"store", store}, {"door", std::string(to_string(door))}});
  };
  const auto answers = [&](Door door) {
    return metrics.counter("shoal_media_store_answers_total",
                           "Answers with media by store: the bytes, or a redirect to them",
                           {{"store", store}, {"door", std::string(to_string(door))}});
  };
  return {{bytes(Door::proxy), bytes(Door::presigned), bytes(Door::redirect)},
          {answers(Door::proxy), answers(Door::presigned), answers(Door::redirect)}};
}

/// A playlist (RFC 8216) or a list of hashes: has meaning below our own URLs alone.
bool is_relative(const MediaEntry& entry) {
  return is_playlist_type(entry.content_type) || entry.content_type.starts_with("application/json");
}

bool may_leave(const MediaEntry& entry, const StoreDoors& doors) {
  if (entry.is_picture || is_relative(entry)) return false;
  return (entry.open_to_all ? doors.open_media : doors.restricted_media) != Door::proxy;
}

/// Whether viewers may have this from a base URL that works, whatever the store does.
bool has_base_url(const MediaEntry& entry, const Candidate& candidate) {
  const StoreDoors& doors = *candidate.doors;
  return entry.open_to_all && candidate.copy.is_public && may_leave(entry, doors) &&
         doors.open_media == Door::redirect && doors.base_urls != nullptr &&
         doors.base_urls->has_healthy();
}

/// Whether its bytes go through us, and only its store's absence keeps it from being opened.
bool is_asleep(const MediaEntry& entry, const Candidate& candidate, const Error& error) {
  const bool is_away = error.code == ErrorCode::unavailable || error.code == ErrorCode::timeout ||
                       error.code == ErrorCode::busy;
  return is_away && candidate.doors->is_remote && !may_leave(entry, *candidate.doors);
}

}  // namespace

MediaLoader::MediaLoader(MediaCache::Config cache, Services services)
    : services_(std::move(services)),
      cache_(cache, services_.clock),
      missing_(services_.clock),
      distrusted_(services_.clock) {}

void MediaLoader::forget_video(const Uuid& video) {
  cache_.forget_video(video);
  missing_.clear();
}

void MediaLoader::distrust(std::string_view name, const Copy& copy) {
  distrusted_.add(copy);
  cache_.forget(name);
}

const DoorCounters* MediaLoader::counters_of(const std::string& store) {
  const std::scoped_lock lock(mutex_);
  auto& counters = counters_[store];
  if (!counters)
    counters = std::make_unique<const DoorCounters>(make_counters(services_.metrics, store));
  return counters.get();
}

void MediaLoader::take_copy(CachedMedia& media, const Candidate& candidate) {
  media.copy = candidate.copy;
  media.doors = candidate.doors;
  media.counters = counters_of(candidate.copy.store);
  media.may_leave = may_leave(media.entry, *candidate.doors);
}

io::Task<Result<>> MediaLoader::open_copy(CachedMedia& media, Candidate candidate,
                                          std::shared_ptr<const CachedMedia> known) {
  // Objects never change: what was opened and read before is as good as new.
  if (known && known->copy == candidate.copy && known->remote && known->remote->reader) {
    media.remote = known->remote;
    media.text = known->text;
    take_copy(media, candidate);
    co_return Result<>{};
  }
  CO_TRY(std::shared_ptr<blob::ObjectReader> reader,
         co_await candidate.doors->store->open(candidate.copy.object_key));
  co_return co_await take_reader(media, std::move(candidate), std::move(reader));
}

io::Task<MediaHashes> MediaLoader::hashes_of(const MediaEntry& entry) {
  const auto parts = [&entry](std::uint64_t length) { return (entry.size + length - 1) / length; };
  MediaHashes hashes;
  if (entry.size > services_.blocks.block_size()) {
    // What cannot be told now is taken as it comes until the object is opened again.
    if (auto found = co_await services_.index.find_hashes(entry.name)) hashes = *std::move(found);
  }
  if (parts(k_chunk) == 1) {
    hashes.chunks.resize(1);
    if (!from_hex(entry.sha256, hashes.chunks.front())) hashes.chunks.clear();
  }
  if (!services_.has_disk_cache || hashes.chunks.size() != parts(k_chunk)) hashes.chunks.clear();
  if (hashes.range_length == 0 || hashes.ranges.size() != parts(hashes.range_length))
    hashes.ranges.clear();
  co_return hashes;
}

io::Task<Result<>> MediaLoader::take_reader(CachedMedia& media, Candidate candidate,
                                            std::shared_ptr<blob::ObjectReader> reader) {
  if (reader->size() != media.entry.size)
    co_return fail(ErrorCode::corrupt, "the object is not as long as its record");
  if (reader->local_file()) {
    media.reader = std::move(reader);
  } else {
    auto hashes = co_await hashes_of(media.entry);
    const auto remote = std::make_shared<const RemoteObject>(
        fmt::format("{}/{}", candidate.copy.store, candidate.copy.object_key), std::move(reader),
        media.entry.sha256, std::move(hashes));
    if (is_relative(media.entry) && media.entry.size <= k_longest_text) {
      CO_TRY(std::string text, co_await read_text(services_.blocks, remote));
      media.text = std::make_shared<const std::string>(std::move(text));
    }
    media.remote = remote;
  }
  take_copy(media, candidate);
  co_return Result<>{};
}

io::Task<Result<>> MediaLoader::open_any(CachedMedia& media, std::string name,
                                         std::vector<Copy> except) {
  const auto known = except.empty() ? cache_.find(name) : nullptr;
  const auto candidates =
      order_copies(media.entry.copies, services_.stores, except,
                   [this](const Copy& copy) { return distrusted_.contains(copy); });
  Error last{ErrorCode::unavailable, "no copy of this file can be reached"};
  std::vector<Candidate> asleep;
  for (const Candidate& candidate : candidates) {
    const auto opened = co_await open_copy(media, candidate, known);
    if (opened) co_return Result<>{};
    last = opened.error();
    if (services_.has_disk_cache && is_asleep(media.entry, candidate, last))
      asleep.push_back(candidate);
    log::error("a copy cannot be opened",
               {{"file", name}, {"store", candidate.copy.store}, {"error", last.message}});
  }
  // A base URL may still have what its store cannot give.
  for (const Candidate& candidate : candidates) {
    if (!has_base_url(media.entry, candidate)) continue;
    media.remote = std::make_shared<const RemoteObject>();
    take_copy(media, candidate);
    co_return Result<>{};
  }
  // What the disk has of it needs no store.
  for (const Candidate& candidate : asleep) {
    auto reader = std::make_shared<LateReader>(*candidate.doors->store, candidate.copy.object_key,
                                               media.entry.size);
    if (co_await take_reader(media, candidate, std::move(reader))) co_return Result<>{};
  }
  // Never "missing" while a row says that it is there: that is for repair, not for a 404.
  co_return fail(ErrorCode::unavailable, last.message);
}

io::Task<MediaLoader::Found> MediaLoader::load(std::string name, std::vector<Copy> except) {
  const std::uint64_t generation = cache_.generation();
  Result<MediaEntry> entry = co_await services_.index.find(name);
  if (!entry && entry.error().code != ErrorCode::not_found && !except.empty()) {
    // The catalogue is away too: what it said of the other copies still helps.
    if (const auto known = cache_.find(name)) entry = known->entry;
  }
  if (!entry) co_return std::unexpected(entry.error());
  auto media = std::make_shared<CachedMedia>();
  media->checked = services_.clock.steady_now();
  media->blocks = &services_.blocks;
  media->entry = *std::move(entry);
  media->is_playlist =
      media->entry.size <= k_longest_text && is_playlist_type(media->entry.content_type);
  if (media->entry.text) {
    media->text = media->entry.text;
    // What is rendered now was modified now; an older time would answer 304 for a playlist that
    // grew.
    media->entry.modified = services_.clock.now();
  } else {
    CO_TRY_VOID(co_await open_any(*media, name, std::move(except)));
  }
  media->headers = media_headers(media->entry);
  cache_.put(name, media, generation);
  co_return media;
}

std::shared_ptr<const CachedMedia> MediaLoader::find_fresh(std::string_view name) const {
  auto known = cache_.find(name);
  return known && cache_.is_fresh(*known) ? known : nullptr;
}

io::Task<MediaLoader::Found> MediaLoader::find(std::string name, std::vector<Copy> except) {
  for (;;) {
    if (except.empty()) {
      if (auto known = find_fresh(name)) co_return known;
      if (missing_.contains(name)) co_return fail(ErrorCode::not_found, "there is no such file");
    }
    // What began before a privacy change is of no use to who asks after it.
    std::string flight_name = fmt::format("{} {}", cache_.generation(), name);
    for (const Copy& copy : except)
      flight_name += fmt::format(" {}/{}", copy.store, copy.object_key);
    auto flight = co_await flights_.board(std::move(flight_name));
    if (flight.found) co_return *std::move(flight.found);
    if (!flight.turn) continue;
    Found loaded = co_await load(name, except);
    if (!loaded && loaded.error().code == ErrorCode::not_found) {
      cache_.forget(name);
      missing_.add(name);
    } else if (!loaded && except.empty()) {
      // The catalogue is away: what is playing keeps playing.
      const auto known = cache_.find(name);
      if (known && !known->entry.text) loaded = known;
    }
    flight.turn->land(loaded);
    co_return loaded;
  }
}

}  // namespace shoal::delivery
