#include "catalog/videos.h"

#include <fmt/format.h>

#include "base/text.h"
#include "catalog/media_urls.h"
#include "catalog/search.h"
#include "catalog/video_passwords.h"
#include "catalog/video_rows.h"

namespace shoal::catalog {
namespace {

// Which column a key is looked up by, and the value for it.
std::pair<std::string_view, db::Value> condition(const VideoKey& key) {
  if (const auto* id = std::get_if<VideoId>(&key)) return {"v.id = :key", *id};
  return {"v.uuid = :key", std::get<Uuid>(key)};
}

Account read_owner(const db::Row& row, const VideoSummary::Actor& actor) {
  Account account;
  account.id = AccountId{actor.id};
  account.actor = row.id<ActorId>(k_summary_columns);
  if (const auto user = row.optional_integer(k_summary_columns - 2)) account.user = UserId{*user};
  account.name = actor.name;
  account.host = actor.host;
  account.url = actor.url;
  account.display_name = actor.display_name;
  account.description = row.optional_text(k_summary_columns + 1);
  account.created_at = row.time(k_summary_columns + 2);
  account.updated_at = row.time(k_summary_columns + 3);
  return account;
}

Channel read_channel(const db::Row& row, const VideoSummary& summary) {
  Channel channel;
  channel.id = ChannelId{summary.channel.id};
  channel.name = summary.channel.name;
  channel.host = summary.channel.host;
  channel.url = summary.channel.url;
  channel.display_name = summary.channel.display_name;
  channel.actor = row.id<ActorId>(k_summary_columns + 4);
  channel.description = row.optional_text(k_summary_columns + 5);
  channel.support = row.optional_text(k_summary_columns + 6);
  channel.created_at = row.time(k_summary_columns + 7);
  channel.updated_at = row.time(k_summary_columns + 8);
  channel.owner = read_owner(row, summary.account);
  return channel;
}

constexpr std::size_t k_details_at = k_summary_columns + 9;

std::string details_query(std::string_view where) {
  return fmt::format(
      "select {}, ac.actor_id, ac.description, ac.created_at, ac.updated_at,"
      " ch.actor_id, ch.description, ch.support, ch.created_at, ch.updated_at,"
      " v.support, v.comments_policy, v.download_enabled, v.failure, v.source_filename,"
      " sp.id, mf.name, sf.name,"
      " case when sp.plan is not null and (exists (select 1 from work_segment w"
      "   where w.video_id = v.id and w.position = 0)"
      "   or exists (select 1 from rendition r where r.video_id = v.id)) then 1 else 0 end"
      " from video v{}"
      " left join streaming_playlist sp on sp.video_id = v.id"
      " left join media_file mf on mf.id = sp.master_file_id"
      " left join media_file sf on sf.id = sp.segments_sha256_file_id"
      " where {}",
      summary_columns("v.description"), k_summary_joins, where);
}

std::vector<std::string> find_tags(db::Session& session, VideoId id) {
  std::vector<std::string> tags;
  for (const db::Row& row :
       session.query("select name from video_tag where video_id = :video order by position", {id}))
    tags.push_back(row.text(0));
  return tags;
}

struct VideoParts {
  std::vector<std::string> tags;
  std::vector<VideoFile> files;
};

/// Tags and files in one statement: a page of a video costs two.
VideoParts find_parts(db::Session& session, VideoId id) {
  const auto rows = session.query(
      "select 1 as kind, -r.height as place, f.name, r.id, r.width, r.pixel_height, r.fps, f.size,"
      " r.has_audio, r.has_video, p.name from rendition r join media_file f on f.id = r.file_id"
      " join media_file p on p.id = r.playlist_file_id where r.video_id = :video"
      " union all"
      " select 0, position, name, null, null, null, null, null, null, null, null from video_tag"
      " where video_id = :video order by kind, place",
      {id});
  VideoParts parts;
  for (const db::Row& row : rows) {
    if (row.integer(0) == 0) {
      parts.tags.push_back(row.text(2));
      continue;
    }
    parts.files.push_back({.id = row.id<RenditionId>(3),
                           .resolution = -row.integer(1),
                           .width = row.integer(4),
                           .height = row.integer(5),
                           .fps = row.integer(6),
                           .size = static_cast<std::uint64_t>(row.integer(7)),
                           .has_audio = row.boolean(8),
                           .has_video = row.boolean(9),
                           .file_name = row.text(2),
                           .playlist_name = row.text(10)});
  }
  return parts;
}

void replace_tags(db::Session& session, VideoId id, const std::vector<std::string>& tags) {
  session.execute("delete from video_tag where video_id = :video", {id});
  std::int64_t position = 0;
  for (const std::string& tag : tags) {
    session.execute(
        "insert into video_tag (video_id, position, name, name_key)"
        " values (:video, :position, :name, :key)",
        {id, position++, tag, tag_key(tag)});
  }
}

void reindex(db::Session& session, VideoId id, std::string_view name) {
  index_video(session, id, name, find_tags(session, id));
}

std::optional<std::int64_t> number(const std::optional<Privacy>& privacy) {
  if (!privacy) return std::nullopt;
  return static_cast<std::int64_t>(*privacy);
}

}  // namespace

VideoAccess Video::access() const {
  return {.id = summary.id,
          .uuid = summary.uuid,
          .channel = channel.id,
          .account = channel.owner.id,
          .privacy = summary.privacy,
          .state = summary.state,
          .duration = summary.duration,
          .privacy_epoch = privacy_epoch};
}

std::optional<VideoKey> parse_video_key(std::string_view text) {
  if (const auto uuid = Uuid::parse(text)) return VideoKey(*uuid);
  if (const auto id = parse_int(text); id && *id > 0) return VideoKey(VideoId{*id});
  if (const auto uuid = Uuid::parse_short(text)) return VideoKey(*uuid);
  return std::nullopt;
}

std::optional<VideoAccess> find_video_access(db::Session& session, const VideoKey& key) {
  const auto [where, value] = condition(key);
  const auto row = session.query_one(
      fmt::format("select v.id, v.uuid, v.channel_id, ch.account_id, v.privacy, v.state,"
                  " v.duration, v.privacy_epoch"
                  " from video v join channel ch on ch.id = v.channel_id where {}",
                  where),
      {value});
  if (!row) return std::nullopt;
  return VideoAccess{.id = row->id<VideoId>(0),
                     .uuid = row->uuid(1),
                     .channel = row->id<ChannelId>(2),
                     .account = row->id<AccountId>(3),
                     .privacy = static_cast<Privacy>(row->integer(4)),
                     .state = static_cast<VideoState>(row->integer(5)),
                     .duration = Milliseconds{row->integer(6)},
                     .privacy_epoch = row->integer(7)};
}

std::optional<Video> find_video(db::Session& session, const VideoKey& key) {
  static const std::string by_id = details_query("v.id = :key");
  static const std::string by_uuid = details_query("v.uuid = :key");
  const bool numeric = std::holds_alternative<VideoId>(key);
  const auto row = session.query_one(numeric ? by_id : by_uuid, {condition(key).second});
  if (!row) return std::nullopt;
  Video video;
  video.summary = read_summary(*row);
  video.channel = read_channel(*row, video.summary);
  video.privacy_epoch = row->integer(k_summary_columns - 1);
  video.support = row->optional_text(k_details_at);
  video.comments_policy = static_cast<CommentsPolicy>(row->integer(k_details_at + 1));
  video.download_enabled = row->boolean(k_details_at + 2);
  video.failure = row->optional_text(k_details_at + 3);
  video.source_filename = row->optional_text(k_details_at + 4);
  VideoParts parts = find_parts(session, video.summary.id);
  video.tags = std::move(parts.tags);
  const auto playlist_id = row->optional_integer(k_details_at + 5);
  const auto master = row->optional_text(k_details_at + 6);
  const bool is_running = !master && row->boolean(k_details_at + 8);
  if (playlist_id && (master || is_running)) {
    video.playlist =
        StreamingPlaylist{.id = *playlist_id,
                          .master_name = master ? *master : running_master_name(video.summary.uuid),
                          .is_finished = master.has_value(),
                          .segments_sha256_name = row->optional_text(k_details_at + 7),
                          .files = std::move(parts.files)};
  }
  return video;
}

std::optional<std::optional<std::string>> find_description(db::Session& session, VideoId id) {
  const auto row = session.query_one("select description from video where id = :id", {id});
  if (!row) return std::nullopt;
  return row->optional_text(0);
}

VideoId create_video(db::Session& session, const NewVideo& video, UtcTime now) {
  const VideoAttributes& a = video.attributes;
  const VideoId id{session.insert(
      "insert into video (uuid, channel_id, name, description, support, category, licence,"
      " language, privacy, nsfw, comments_policy, download_enabled, wait_transcoding, state,"
      " source_filename, source_size, originally_published_at, published_at, scheduled_at,"
      " scheduled_privacy, created_at, updated_at)"
      " values (:uuid, :channel, :name, :description, :support, :category, :licence, :language,"
      " :privacy, :nsfw, :comments, :download, :wait, :state, :filename, :size, :originally,"
      " :published, :scheduled_at, :scheduled_privacy, :created, :updated) returning id",
      {video.uuid,
       video.channel,
       a.name,
       a.description,
       a.support,
       a.category,
       a.licence,
       a.language,
       static_cast<int>(a.privacy),
       a.nsfw,
       static_cast<int>(a.comments_policy),
       a.download_enabled,
       a.wait_transcoding,
       static_cast<int>(video.state),
       video.source_filename,
       video.source_size,
       a.originally_published_at,
       now,
       a.scheduled ? std::optional(a.scheduled->at) : std::nullopt,
       a.scheduled ? number(a.scheduled->privacy) : std::nullopt,
       now,
       now})};
  replace_tags(session, id, a.tags);
  if (!a.passwords.empty()) replace_passwords(session, id, a.passwords, now);
  index_video(session, id, a.name, a.tags);
  return id;
}

namespace {

/// `set` clauses and their arguments.
class Assignments {
 public:
  void add(std::string_view column, db::Value value) {
    sql_ += fmt::format("{}{} = :{}", sql_.empty() ? "" : ", ", column, column);
    arguments_.push_back(std::move(value));
  }
  template <class T>
  void add_if(std::string_view column, const std::optional<T>& change) {
    if (change) add(column, db::Value(*change));
  }
  std::int64_t run(db::Session& session, VideoId id) {
    arguments_.emplace_back(id);
    return session.execute(fmt::format("update video set {} where id = :id", sql_), arguments_);
  }

 private:
  std::string sql_;
  std::vector<db::Value> arguments_;
};

void assign_privacy(Assignments& set, const VideoAccess& before, Privacy privacy, UtcTime now) {
  if (privacy == before.privacy) return;
  set.add("privacy", static_cast<int>(privacy));
  set.add("privacy_epoch", before.privacy_epoch + 1);
  const bool was_hidden =
      before.privacy != Privacy::everyone && before.privacy != Privacy::unlisted;
  if (privacy == Privacy::everyone && was_hidden) set.add("published_at", now);
}

}  // namespace

Result<> update_video(db::Session& session, VideoId id, const VideoChanges& changes, UtcTime now) {
  const auto before = find_video_access(session, id);
  if (!before) return fail(ErrorCode::not_found, "Video not found");
  Assignments set;
  set.add("updated_at", now);
  set.add_if("name", changes.name);
  set.add_if("description", changes.description);
  set.add_if("support", changes.support);
  set.add_if("category", changes.category);
  set.add_if("licence", changes.licence);
  set.add_if("language", changes.language);
  set.add_if("nsfw", changes.nsfw);
  set.add_if("download_enabled", changes.download_enabled);
  set.add_if("wait_transcoding", changes.wait_transcoding);
  set.add_if("channel_id", changes.channel);
  set.add_if("originally_published_at", changes.originally_published_at);
  if (changes.comments_policy)
    set.add("comments_policy", static_cast<int>(*changes.comments_policy));
  if (changes.privacy) assign_privacy(set, *before, *changes.privacy, now);
  if (changes.scheduled) {
    const auto& schedule = *changes.scheduled;
    set.add("scheduled_at", schedule ? db::Value(schedule->at) : db::Value());
    set.add("scheduled_privacy", schedule ? db::Value(number(schedule->privacy)) : db::Value());
  }
  set.run(session, id);
  if (changes.tags) replace_tags(session, id, *changes.tags);
  if (changes.passwords) replace_passwords(session, id, *changes.passwords, now);
  if (changes.name || changes.tags) {
    const auto row = session.query_one("select name from video where id = :id", {id});
    reindex(session, id, row->text(0));
  }
  return {};
}

Result<> record_history(db::Session& session, VideoId id, const VideoHistory& history) {
  Assignments set;
  set.add("created_at", history.created_at);
  set.add("published_at", history.published_at);
  set.add("updated_at", history.updated_at);
  set.add("views", history.views);
  if (set.run(session, id) == 0) return fail(ErrorCode::not_found, "Video not found");
  return {};
}

Result<> record_processing(db::Session& session, VideoId id, const ProcessingOutcome& outcome,
                           UtcTime now) {
  Assignments set;
  set.add("updated_at", now);
  if (outcome.state) set.add("state", static_cast<int>(*outcome.state));
  if (outcome.duration) set.add("duration", outcome.duration->count());
  set.add_if("aspect_ratio", outcome.aspect_ratio);
  set.add_if("failure", outcome.failure);
  if (set.run(session, id) == 0) return fail(ErrorCode::not_found, "Video not found");
  return {};
}

bool publish_when_playable(db::Session& session, VideoId id, UtcTime now) {
  return session.execute(
             "update video set state = 1, updated_at = :now"
             " where id = :id and state = 2 and wait_transcoding = 0",
             {now, id}) > 0;
}

bool has_scheduled_updates(db::Session& session, UtcTime now) {
  return session
      .query_one(
          "select 1 from video where scheduled_at is not null and scheduled_at <= :now"
          " limit 1",
          {now})
      .has_value();
}

std::vector<VideoId> apply_scheduled_updates(db::Session& session, UtcTime now, std::size_t limit) {
  const auto rows = session.query(
      "select id, scheduled_privacy from video where scheduled_at is not null"
      " and scheduled_at <= :now order by scheduled_at limit :limit",
      {now, limit});
  std::vector<VideoId> changed;
  for (const db::Row& row : rows) {
    VideoChanges changes;
    if (const auto privacy = row.optional_integer(1))
      changes.privacy = static_cast<Privacy>(*privacy);
    changes.scheduled.emplace(std::nullopt);
    const auto id = row.id<VideoId>(0);
    if (update_video(session, id, changes, now)) changed.push_back(id);
  }
  return changed;
}

void detach_files(db::Session& session, VideoId id) {
  for (const char* table :
       {"rendition", "work_segment", "streaming_playlist", "caption", "thumbnail", "storyboard"}) {
    session.execute(fmt::format("delete from {} where video_id = :video", table), {id});
  }
}

Result<> delete_video(db::Session& session, VideoId id) {
  if (session.execute("delete from video where id = :id", {id}) == 0)
    return fail(ErrorCode::not_found, "Video not found");
  return {};
}

std::vector<VideoId> videos_of_channel(db::Session& session, ChannelId channel) {
  std::vector<VideoId> ids;
  for (const db::Row& row :
       session.query("select id from video where channel_id = :channel order by id", {channel}))
    ids.push_back(row.id<VideoId>(0));
  return ids;
}

}  // namespace shoal::catalog
