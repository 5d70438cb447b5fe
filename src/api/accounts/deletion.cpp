#include "api/accounts/deletion.h"

#include "api/videos/services.h"
#include "processing/video_deletion.h"

namespace shoal::api {

Milliseconds trash_time(const Context& context) {
  return context.video_services ? context.video_services->trash_for : VideoServices{}.trash_for;
}

Result<> delete_channel_videos(db::Session& session, ChannelId channel, UtcTime due,
                               std::vector<Uuid>& deleted) {
  for (const db::Row& row :
       session.query("select uuid from video where channel_id = :channel", {channel})) {
    deleted.push_back(row.uuid(0));
  }
  return processing::delete_videos_of_channel(session, channel, due);
}

void forget_deleted(Context& context, const std::vector<Uuid>& videos) {
  context.responses.clear();
  context.totals.clear();
  if (context.video_services == nullptr || !context.video_services->forget_media) return;
  for (const Uuid& video : videos) context.video_services->forget_media(video);
}

}  // namespace shoal::api
