#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "delivery/media_cache.h"
#include "delivery/media_service.h"
#include "net/http/message.h"

namespace shoal::delivery {

/// The answer for media that the asker may have: 200, 206, 304, 412 or 416, with the caching, CORS
/// and type headers of its kind. A pure decision over the request's headers.
net::Response media_response(const net::Request& request, std::shared_ptr<const CachedMedia> media,
                             Access how);

/// RFC 7807, as the API answers; CORS as for media.
net::Response error_response(const Error& error);

/// Bytes that the body will have.
std::uint64_t body_length(const net::Response& response);

}  // namespace shoal::delivery
