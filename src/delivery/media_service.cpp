#include "delivery/media_service.h"

#include "base/log.h"
#include "delivery/media_response.h"
#include "delivery/object_body.h"
#include "net/http/conditional.h"
#include "net/http/range.h"

namespace shoal::delivery {
namespace {

constexpr std::string_view k_token_parameter = "videoFileToken";
/// Copies that one request tries to read.
constexpr std::size_t k_most_copies = 4;

std::string label(Access how) {
  switch (how) {
    case Access::open:
      return "open";
    case Access::restricted:
      return "restricted";
    case Access::download:
      return "download";
    case Access::picture:
      return "picture";
  }
  return "open";
}

Counter bytes_counter(Metrics& metrics, Access how) {
  return metrics.counter("shoal_media_bytes_total", "Bytes of media answered",
                         {{"access", label(how)}});
}

bool wants_reinjection(const net::Request& request) {
  const auto wanted = request.query.find("reinjectVideoFileToken");
  return wanted && (*wanted == "true" || *wanted == "1");
}

/// A playlist's text, wherever it is.
io::Task<Result<std::string>> whole_text(std::shared_ptr<const CachedMedia> media) {
  if (media->text) co_return *media->text;
  std::string text(media->entry.size, '\0');
  const auto bytes = std::as_writable_bytes(std::span(text));
  for (std::size_t at = 0; at < text.size();) {
    CO_TRY(const auto got, co_await media->reader->read_at(at, bytes.subspan(at)));
    if (got == 0) co_return fail(ErrorCode::corrupt, "the object is shorter than its record");
    at += got;
  }
  co_return text;
}

/// The store's door for this entry, and what stands in its way.
Passage passage_of(const CachedMedia& media, Access how) {
  const MediaEntry& entry = media.entry;
  const StoreDoors& doors = *media.doors;
  return {.door = entry.open_to_all ? doors.open_media : doors.restricted_media,
          .may_leave = media.may_leave,
          .is_restricted = !entry.open_to_all,
          .is_download = how == Access::download,
          .can_presign = static_cast<bool>(doors.presign)};
}

}  // namespace

MediaService::MediaService(Services services, MediaConfig config)
    : services_(std::move(services)),
      blocks_(config.blocks, services_.metrics, services_.executor, services_.disk),
      loader_(config.cache, {services_.index, services_.stores, blocks_, services_.clock,
                             services_.metrics, services_.disk != nullptr}),
      refused_(services_.metrics.counter("shoal_media_refused_total",
                                         "Requests for restricted media without the right to it")),
      bytes_{bytes_counter(services_.metrics, Access::open),
             bytes_counter(services_.metrics, Access::restricted),
             bytes_counter(services_.metrics, Access::download),
             bytes_counter(services_.metrics, Access::picture)} {}

std::optional<UtcTime> MediaService::token_end(const net::Request& request,
                                               const MediaEntry& entry) const {
  const auto token = request.query.find(k_token_parameter);
  if (!token) return std::nullopt;
  return services_.tokens.verify(*token, entry.video, entry.privacy_epoch);
}

std::optional<ViewerVerdict> MediaService::decide(const net::Request& request,
                                                  const MediaEntry& entry, Access how) const {
  const auto allow = [](bool yes) { return yes ? ViewerVerdict::allowed : ViewerVerdict::refused; };
  if (how == Access::picture) return allow(entry.is_picture);
  if (entry.open_to_all || how == Access::open) return allow(entry.open_to_all);
  if (token_end(request, entry)) return ViewerVerdict::allowed;
  return std::nullopt;
}

net::Response MediaService::refuse(ViewerVerdict verdict, Access how) const {
  refused_.add();
  if (verdict == ViewerVerdict::too_many_tries) return too_many_tries_response();
  // The open path must not tell that a private file exists.
  return how == Access::open || how == Access::picture
             ? error_response({ErrorCode::not_found, "there is no such file"})
             : error_response({ErrorCode::forbidden, "this video asks for a token or a password"});
}

void MediaService::count(const net::Response& response, const CachedMedia& media, Access how,
                         bool is_head) const {
  const auto bytes = is_head ? 0.0 : static_cast<double>(body_length(response));
  bytes_[static_cast<std::size_t>(how)].add(bytes);
  if (media.counters != nullptr) {
    constexpr auto k_proxy = static_cast<std::size_t>(Door::proxy);
    media.counters->bytes[k_proxy].add(bytes);
    media.counters->answers[k_proxy].add();
  }
}

io::Task<net::Response> MediaService::serve(net::Request& request, std::string_view name,
                                            Access how) {
  MediaLoader::Found found = loader_.find_fresh(name);
  if (*found == nullptr) found = co_await loader_.find(std::string(name));
  for (std::vector<Copy> failed;;) {
    if (!found) co_return error_response(found.error());
    const CachedMedia& media = **found;
    auto verdict = decide(request, media.entry, how);
    if (!verdict) verdict = co_await services_.access.may_watch(request, media.entry.video);
    if (verdict != ViewerVerdict::allowed) co_return refuse(*verdict, how);
    const bool is_head = request.method == net::Method::head;
    const bool is_at_hand = (media.text || media.reader) && !media.may_leave;
    if (is_at_hand && !is_made_for_viewer(request, media, how)) {
      net::Response response = media_response(request, *found, how);
      count(response, media, how, is_head);
      co_return response;
    }
    auto answered = co_await answer(request, *found, how);
    if (answered) {
      // A redirect has counted itself, by its door.
      if (answered->status != 302) count(*answered, media, how, is_head);
      co_return *std::move(answered);
    }
    report(name, media.copy, answered.error());
    failed.push_back(media.copy);
    if (failed.size() >= k_most_copies || media.copy.store.empty())
      co_return error_response({ErrorCode::unavailable, answered.error().message});
    found = co_await loader_.find(std::string(name), failed);
  }
}

io::Task<Result<net::Response>> MediaService::answer(const net::Request& request,
                                                     std::shared_ptr<const CachedMedia> media,
                                                     Access how) {
  if (is_made_for_viewer(request, *media, how)) {
    CO_TRY(auto made, co_await viewer_playlist(request, media));
    if (made) co_return *std::move(made);
  } else if (auto elsewhere = redirect(request, *media, how)) {
    co_return *std::move(elsewhere);
  }
  net::Response response = media_response(request, media, how);
  auto* const body = std::get_if<std::unique_ptr<net::BodySource>>(&response.body);
  if (body != nullptr && request.method != net::Method::head)
    CO_TRY_VOID(co_await begin(static_cast<ObjectBody&>(**body), std::move(media)));
  co_return response;
}

/// What one viewer's body is read from.
struct MediaService::Reading {
  std::shared_ptr<const CachedMedia> media;
  std::vector<Copy> failed;
};

io::Task<Result<>> MediaService::begin(ObjectBody& body, std::shared_ptr<const CachedMedia> media) {
  CO_TRY_VOID(co_await body.begin());
  body.set_next_copy([this, reading = std::make_shared<Reading>(std::move(media))](
                         const Error& error) { return next_copy(reading, error); });
  co_return Result<>{};
}

io::Task<Result<std::shared_ptr<const RemoteObject>>> MediaService::next_copy(
    std::shared_ptr<Reading> reading, Error error) {
  const std::string name = reading->media->entry.name;
  report(name, reading->media->copy, error);
  reading->failed.push_back(reading->media->copy);
  if (reading->failed.size() >= k_most_copies) co_return std::unexpected(error);
  CO_TRY(const auto media, co_await loader_.find(name, reading->failed));
  if (media->entry.etag != reading->media->entry.etag) co_return std::unexpected(error);
  reading->media = media;
  if (media->remote && media->remote->reader) co_return media->remote;
  if (!media->reader) co_return std::unexpected(error);
  co_return std::make_shared<const RemoteObject>(
      fmt::format("{}/{}", media->copy.store, media->copy.object_key), media->reader,
      media->entry.sha256);
}

void MediaService::report(std::string_view name, const Copy& copy, const Error& error) {
  log::warn("a copy cannot be read",
            {{"file", name}, {"store", copy.store}, {"error", error.message}});
  if (error.code == ErrorCode::corrupt) loader_.distrust(name, copy);
}

bool MediaService::is_made_for_viewer(const net::Request& request, const CachedMedia& media,
                                      Access how) const {
  if (how != Access::restricted || !media.is_playlist) return false;
  const bool may_be_signed = !media.entry.open_to_all && !media.entry.text;
  return may_be_signed || (wants_reinjection(request) && token_end(request, media.entry));
}

io::Task<Result<std::optional<net::Response>>> MediaService::viewer_playlist(
    const net::Request& request, std::shared_ptr<const CachedMedia> media) {
  const MediaEntry& entry = media->entry;
  const auto until = token_end(request, entry);
  const std::string_view token =
      until && wants_reinjection(request) ? *request.query.find(k_token_parameter) : "";
  CO_TRY(const std::string text, co_await whole_text(media));
  SignedUrls urls;
  if (!entry.open_to_all && !entry.text) {
    if (auto files = playlist_files(text))
      urls = co_await sign_files(*std::move(files), entry.video, until);
  }
  if (urls.empty() && token.empty()) co_return std::nullopt;
  co_return playlist_response(entry, sign_playlist(text, urls, token));
}

io::Task<SignedUrls> MediaService::sign_files(PlaylistFiles files, Uuid video,
                                              std::optional<UtcTime> until) {
  const Seconds life = play_life(files.duration, until, services_.clock.now());
  SignedUrls urls;
  for (const std::string& name : files.names) {
    const auto found = co_await loader_.find(name);
    // A playlist opens the files of its own video and no others.
    if (!found || (*found)->doors == nullptr || (*found)->entry.video != video) continue;
    if (choose_door(passage_of(**found, Access::restricted)) != Door::presigned) continue;
    if (auto url = presign(**found, life, {})) urls.emplace(name, *std::move(url));
  }
  co_return urls;
}

std::optional<std::string> MediaService::presign(const CachedMedia& media, Seconds life,
                                                 const std::string& disposition) const {
  auto url = media.doors->presign(
      {.object_key = media.copy.object_key, .valid_for = life, .content_disposition = disposition});
  if (url) return *std::move(url);
  log::warn("a store gives no URL for an object, so its bytes pass through here",
            {{"store", media.copy.store}, {"error", url.error().message}});
  return std::nullopt;
}

std::optional<net::Response> MediaService::redirect(const net::Request& request,
                                                    const CachedMedia& media, Access how) const {
  const MediaEntry& entry = media.entry;
  if (!media.may_leave) return std::nullopt;
  Passage passage = passage_of(media, how);
  const net::Validators current{entry.etag, entry.modified};
  if (net::check_preconditions(request.headers, current) != net::Precondition::proceed)
    return std::nullopt;
  std::optional<std::string_view> base;
  if (passage.door == Door::redirect && media.copy.is_public && media.doors->base_urls != nullptr)
    base = media.doors->base_urls->choose(services_.random.next());
  passage.has_base_url = base.has_value();
  passage.is_head = request.method == net::Method::head;

  const Door door = choose_door(passage);
  if (door == Door::proxy) return std::nullopt;
  std::optional<std::string> location;
  if (door == Door::redirect) {
    location = fmt::format("{}/{}{}", *base, media.doors->base_prefix, media.copy.object_key);
  } else {
    const Seconds life = redirect_life(token_end(request, entry), services_.clock.now());
    location = presign(media, life, content_disposition(entry, how));
  }
  if (!location) return std::nullopt;
  const auto range = net::decide_range(request.headers.find("Range"), entry.size);
  const std::uint64_t bytes =
      range.outcome == net::RangeOutcome::partial ? range.span.length() : entry.size;
  const auto index = static_cast<std::size_t>(door);
  if (!passage.is_head) media.counters->bytes[index].add(static_cast<double>(bytes));
  media.counters->answers[index].add();
  return redirect_response(entry, *location);
}

}  // namespace shoal::delivery
