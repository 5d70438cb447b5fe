#include "app/media_routes.h"

#include <fmt/format.h>

#include "catalog/media_urls.h"

namespace shoal::app {
namespace {

void add(net::Router& router, delivery::MediaService& media, std::string_view prefix,
         std::string_view rest, delivery::Access how) {
  router.add(net::Method::get, fmt::format("{}{}", prefix, rest),
             [&media, how](net::Request& request) {
               return media.serve(request, request.path_parameter("file"), how);
             });
}

}  // namespace

void add_media_routes(net::Router& router, delivery::MediaService& media) {
  using delivery::Access;
  add(router, media, catalog::k_hls_prefix, ":uuid/:file", Access::open);
  add(router, media, catalog::k_private_hls_prefix, ":uuid/:file", Access::restricted);
  add(router, media, catalog::k_hls_download_prefix, ":file", Access::download);
  add(router, media, catalog::k_web_video_prefix, ":file", Access::open);
  add(router, media, catalog::k_private_web_video_prefix, ":file", Access::restricted);
  add(router, media, catalog::k_web_video_download_prefix, ":file", Access::download);
  for (const auto prefix : {catalog::k_thumbnail_prefix, catalog::k_preview_prefix,
                            catalog::k_storyboard_prefix, catalog::k_caption_prefix})
    add(router, media, prefix, ":file", Access::picture);
}

}  // namespace shoal::app
