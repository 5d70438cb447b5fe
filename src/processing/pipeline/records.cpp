#include "processing/pipeline/records.h"

#include "catalog/videos.h"
#include "processing/pipeline/layout.h"

namespace shoal::processing {

Result<VideoWork> find_work(db::Session& session, VideoId video) {
  const auto row =
      session.query_one("select uuid, privacy, privacy_epoch from video where id = :id", {video});
  if (!row) return fail(ErrorCode::not_found, "the video was deleted");
  VideoWork work{
      .id = video,
      .uuid = row->uuid(0),
      .source = std::nullopt,
      .open_to_all = catalog::is_media_open(static_cast<catalog::Privacy>(row->integer(1))),
      .privacy_epoch = row->integer(2)};
  const auto source = session.query_one(
      "select id from media_file where video_id = :video and kind = :kind order by id limit 1",
      {video, static_cast<int>(storage::FileKind::original)});
  if (source) work.source = storage::find_file(session, source->id<FileId>(0));
  return work;
}

Result<Plan> find_plan(db::Session& session, VideoId video) {
  const auto row =
      session.query_one("select plan from streaming_playlist where video_id = :video", {video});
  if (!row || row->is_null(0)) return fail(ErrorCode::not_found, "the video has no plan");
  return parse_plan(row->text(0));
}

void store_plan(db::Session& session, VideoId video, const Plan& plan, UtcTime now) {
  session.execute(
      "insert into streaming_playlist (video_id, plan, created_at, updated_at) "
      "values (:video, :plan, :now, :updated) on conflict (video_id) do update "
      "set plan = excluded.plan, audio_manifest = null, running_ended_at = null, "
      "updated_at = excluded.updated_at",
      {video, write_plan(plan), now, now});
}

Result<AudioManifest> find_audio(db::Session& session, VideoId video) {
  const auto row = session.query_one(
      "select audio_manifest from streaming_playlist where video_id = :video", {video});
  if (!row || row->is_null(0)) return AudioManifest{};
  return parse_audio_manifest(row->text(0));
}

void store_audio(db::Session& session, VideoId video, const AudioManifest& manifest, UtcTime now) {
  session.execute(
      "update streaming_playlist set audio_manifest = :manifest, updated_at = :now "
      "where video_id = :video",
      {write_audio_manifest(manifest), now, video});
}

std::string audio_piece_name(const Plan& plan, std::size_t piece) {
  return fmt::format("{}-audio-p{}.mp4", running_prefix(plan), piece);
}

void store_work(db::Session& session, VideoId video, const RenditionPlan& rendition,
                const PackagedWork& work, FileId file) {
  session.execute(
      "insert into work_segment (video_id, height, position, file_id, layout) "
      "values (:video, :height, :position, :file, :layout)",
      {video, rendition.resolution, work.work_segment, file, write_work_layout(work)});
}

bool has_work(db::Session& session, VideoId video, const RenditionPlan& rendition,
              std::size_t work_segment) {
  return session
      .query_one(
          "select 1 from work_segment where video_id = :video and height = :height "
          "and position = :position",
          {video, rendition.resolution, work_segment})
      .has_value();
}

Result<> check_headers(db::Session& session, VideoId video, const RenditionPlan& rendition,
                       const PackagedWork& work) {
  const auto row = session.query_one(
      "select position, layout from work_segment where video_id = :video and height = :height "
      "order by position limit 1",
      {video, rendition.resolution});
  if (!row) return {};
  TRY(const PackagedWork other,
      parse_work_layout(static_cast<std::size_t>(row->integer(0)), row->text(1)));
  if (other.init == work.init) return {};
  return fail(
      ErrorCode::corrupt,
      fmt::format("a work segment of {}p was encoded with other headers", rendition.resolution));
}

std::set<std::size_t> find_positions(db::Session& session, VideoId video,
                                     const RenditionPlan& rendition) {
  std::set<std::size_t> made;
  for (const db::Row& row : session.query(
           "select position from work_segment where video_id = :video and height = :height",
           {video, rendition.resolution}))
    made.insert(static_cast<std::size_t>(row.integer(0)));
  return made;
}

std::set<std::uint32_t> find_finished_sizes(db::Session& session, VideoId video) {
  std::set<std::uint32_t> made;
  for (const db::Row& row :
       session.query("select height from rendition where video_id = :video", {video}))
    made.insert(static_cast<std::uint32_t>(row.integer(0)));
  return made;
}

Result<std::vector<StoredWork>> find_finished_work(db::Session& session, VideoId video,
                                                   const RenditionPlan& rendition) {
  std::vector<StoredWork> out;
  for (const db::Row& row : session.query(
           "select w.position, w.layout, f.id, f.kind, f.name, f.content_type, f.size, p.store, "
           "p.object_key from work_segment w join media_file f on f.id = w.file_id "
           "join placement p on p.file_id = f.id and p.state = 2 "
           "where w.video_id = :video and w.height = :height order by w.position",
           {video, rendition.resolution})) {
    TRY(PackagedWork work,
        parse_work_layout(static_cast<std::size_t>(row.integer(0)), row.text(1)));
    out.push_back(
        {std::move(work),
         {row.id<FileId>(2), static_cast<storage::FileKind>(row.integer(3)), row.text(4),
          row.text(5), static_cast<std::uint64_t>(row.integer(6)), row.text(7), row.text(8)}});
  }
  return out;
}

void discard_work(db::Session& session, VideoId video, UtcTime due) {
  using storage::FileKind;
  session.execute("delete from work_segment where video_id = :video", {video});
  session.execute("delete from rendition where video_id = :video", {video});
  session.execute("update streaming_playlist set audio_manifest = null where video_id = :video",
                  {video});
  storage::trash_files(session, video,
                       {FileKind::running_work, FileKind::running_init, FileKind::running_audio,
                        FileKind::rendition, FileKind::playlist},
                       due);
}

void store_rendition(db::Session& session, VideoId video, const RenditionPlan& rendition,
                     const FinishedRendition& finished, FileId file, FileId playlist, UtcTime now) {
  const auto fps = rendition.resolution == 0 ? 0 : std::lround(rendition.fps.value());
  session.execute(
      "insert into rendition (video_id, height, width, pixel_height, fps, codecs, bandwidth, "
      "average_bandwidth, has_audio, has_video, file_id, playlist_file_id, layout, created_at) "
      "values (:video, :height, :width, :pixels, :fps, :codecs, :peak, :average, :audio, :picture, "
      ":file, :playlist, :layout, :now)",
      {video, rendition.resolution, rendition.width, rendition.height, fps, finished.codecs,
       finished.peak.value, finished.average.value, finished.has_audio, rendition.resolution > 0,
       file, playlist, write_segments(finished.segments), now});
}

Result<std::vector<FinishedRendition>> find_renditions(db::Session& session, VideoId video) {
  std::vector<FinishedRendition> out;
  for (const db::Row& row : session.query(
           "select r.height, f.name, l.name, f.size, r.layout, r.codecs, r.bandwidth, "
           "r.average_bandwidth, r.has_audio from rendition r "
           "join media_file f on f.id = r.file_id join media_file l on l.id = r.playlist_file_id "
           "where r.video_id = :video order by r.height",
           {video})) {
    FinishedRendition rendition;
    rendition.resolution = static_cast<std::uint32_t>(row.integer(0));
    rendition.file_name = row.text(1);
    rendition.playlist_name = row.text(2);
    rendition.size = static_cast<std::uint64_t>(row.integer(3));
    TRY(rendition.segments, parse_segments(row.text(4)));
    rendition.codecs = row.text(5);
    rendition.peak = {static_cast<std::uint64_t>(row.integer(6))};
    rendition.average = {static_cast<std::uint64_t>(row.integer(7))};
    rendition.has_audio = row.boolean(8);
    out.push_back(std::move(rendition));
  }
  return out;
}

Result<storage::StoredFile> find_smallest_rendition(db::Session& session, VideoId video) {
  const auto row = session.query_one(
      "select file_id from rendition where video_id = :video and height > 0 "
      "order by height limit 1",
      {video});
  const auto file = row ? storage::find_file(session, row->id<FileId>(0)) : std::nullopt;
  if (!file) return fail(ErrorCode::not_found, "the video has no finished rendition");
  return *file;
}

void store_masters(db::Session& session, VideoId video, FileId master, FileId digests,
                   UtcTime now) {
  session.execute(
      "insert into streaming_playlist (video_id, master_file_id, segments_sha256_file_id, "
      "created_at, updated_at) values (:video, :master, :digests, :now, :updated) "
      "on conflict (video_id) do update set master_file_id = excluded.master_file_id, "
      "segments_sha256_file_id = excluded.segments_sha256_file_id, "
      "updated_at = excluded.updated_at",
      {video, master, digests, now, now});
}

void end_running(db::Session& session, VideoId video, UtcTime now) {
  session.execute(
      "update streaming_playlist set running_ended_at = :now, updated_at = :updated "
      "where video_id = :video and running_ended_at is null",
      {now, now, video});
}

void reopen_running(db::Session& session, VideoId video, UtcTime now) {
  session.execute(
      "update streaming_playlist set running_ended_at = null, updated_at = :now "
      "where video_id = :video",
      {now, video});
}

Result<std::unique_ptr<RunningWork>> find_running(db::Session& session, VideoId video) {
  const auto row = session.query_one(
      "select plan, running_ended_at, created_at from streaming_playlist where video_id = :video",
      {video});
  if (!row || row->is_null(0)) return fail(ErrorCode::not_found, "nothing is being made of it");
  auto running = std::make_unique<RunningWork>();
  TRY(running->plan, parse_plan(row->text(0)));
  running->ended = !row->is_null(1);
  running->started = row->time(2);
  const std::size_t total = running->plan.work_segments.size();
  const auto finished = find_finished_sizes(session, video);
  for (const RenditionPlan& rendition : running->plan.renditions) {
    RunningRendition listed;
    listed.rendition = &rendition;
    std::size_t next = 0;
    std::size_t done = 0;
    for (const db::Row& piece :
         session.query("select position, layout from work_segment where video_id = :video "
                       "and height = :height order by position",
                       {video, rendition.resolution})) {
      ++done;
      const auto position = static_cast<std::size_t>(piece.integer(0));
      if (position != next) continue;
      TRY(const PackagedWork work, parse_work_layout(position, piece.text(1)));
      append_work(listed, work);
      ++next;
    }
    listed.ended = running->ended || next == total;
    running->renditions.push_back(std::move(listed));
    // One that a runner made whole has none.
    running->done.push_back(finished.contains(rendition.resolution) ? total : done);
  }
  return running;
}

}  // namespace shoal::processing
