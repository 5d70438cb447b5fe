#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "delivery/media_cache.h"
#include "delivery/media_service.h"
#include "net/http/message.h"

namespace shoal::delivery {

/// What all answers with this entry have in common: type, caching, validators, CORS.
net::Headers media_headers(const MediaEntry& entry);

/// The answer for media that the asker may have: 200, 206, 304, 412 or 416, with the caching, CORS
/// and type headers of its kind. A pure decision over the request's headers.
net::Response media_response(const net::Request& request, std::shared_ptr<const CachedMedia> media,
                             Access how);

/// What a download is saved as (RFC 6266); empty for what is no download.
std::string content_disposition(const MediaEntry& entry, Access how);

/// 302 to where the bytes are: of open media for a short while, of others for this request alone.
net::Response redirect_response(const MediaEntry& entry, std::string_view location);

/// A playlist that was made for one viewer: nobody keeps it.
net::Response playlist_response(const MediaEntry& entry, std::string text);

/// For a client that has guessed too many passwords.
net::Response too_many_tries_response();

/// RFC 7807, as the API answers; CORS as for media.
net::Response error_response(const Error& error);

/// Bytes that the body will have.
std::uint64_t body_length(const net::Response& response);

}  // namespace shoal::delivery
