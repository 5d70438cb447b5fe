#include "api/api.h"

#include "api/accounts/routes.h"
#include "api/instance/routes.h"
#include "api/pages/routes.h"
#include "api/runners/routes.h"
#include "api/storage/routes.h"
#include "api/videos/routes.h"

namespace shoal::api {

std::vector<Routes::Registered> add_all_routes(net::Router& router, Context& context) {
  Routes routes(router, context);
  add_oauth_routes(routes);
  add_me_routes(routes);
  add_users_routes(routes);
  add_accounts_routes(routes);
  add_channels_routes(routes);
  add_video_constant_routes(routes);
  add_video_list_routes(routes);
  add_video_routes(routes);
  add_video_edit_routes(routes);
  add_video_part_routes(routes);
  add_caption_routes(routes);
  add_upload_routes(routes);
  add_resumable_upload_routes(routes);
  add_torrent_routes(routes);
  add_view_routes(routes);
  add_playback_metrics_routes(routes);
  add_discovery_routes(routes);
  add_config_routes(routes);
  add_custom_config_routes(routes);
  add_stats_routes(routes);
  add_overview_routes(routes);
  add_node_routes(routes);
  add_autoscaler_routes(routes);
  add_jobs_routes(routes);
  add_runner_routes(routes);
  add_runner_wake_routes(routes);
  add_runner_job_routes(routes);
  add_runner_result_routes(routes);
  add_runner_result_place_routes(routes);
  add_runner_job_list_routes(routes);
  add_store_routes(routes);
  add_move_routes(routes);
  add_copies_routes(routes);
  add_health_routes(routes);
  add_oembed_routes(routes);
  add_feed_routes(routes);
  add_page_routes(routes);
  return routes.registered();
}

}  // namespace shoal::api
