#pragma once

#include "api/core/routes.h"

namespace shoal::api {

/// videos, users/me/videos, search/videos and the videos of channels and accounts.
void add_video_list_routes(Routes& routes);
/// categories, licences, languages, privacies.
void add_video_constant_routes(Routes& routes);
/// videos/:id: read, description, token.
void add_video_routes(Routes& routes);
/// videos/:id: change, delete, transcode again.
void add_video_edit_routes(Routes& routes);
/// videos/:id/captions/:captionLanguage: put and delete.
void add_caption_routes(Routes& routes);
/// captions, chapters, storyboards, passwords of a video.
void add_video_part_routes(Routes& routes);
/// lazy-static/torrents and download/torrents.
void add_torrent_routes(Routes& routes);
/// views and watching.
void add_view_routes(Routes& routes);
/// metrics/playback.
void add_playback_metrics_routes(Routes& routes);
/// overviews.
void add_discovery_routes(Routes& routes);
/// videos/upload.
void add_upload_routes(Routes& routes);
/// videos/upload-resumable.
void add_resumable_upload_routes(Routes& routes);

}  // namespace shoal::api
