#include "tests/faults/disk_schedule.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "storage/files.h"
#include "tests/faults/simulated_box.h"

namespace shoal::faults {

namespace {

constexpr int k_steps = 70;
constexpr int k_patience = 400;

/// What was promised to the outside. After an error nobody knows: it is looked up again.
struct Promised {
  std::map<std::string, storage::Upload> uploads;  ///< by upload_id, as last acknowledged
  std::map<std::string, VideoId> videos;           ///< published, by upload_id
  std::set<std::string> deleting;                  ///< deletion was asked for
};

class Schedule {
 public:
  explicit Schedule(std::uint64_t seed) : random_(seed), box_(seed) {}

  Report run() {
    for (int step = 0; step < k_steps && report_.violations.empty(); ++step) {
      if (random_.below(3) == 0) plan_fault();
      act();
      ++report_.actions;
      if (box_.files.power_is_off()) restart();
    }
    lift_faults();
    restart();
    if (report_.violations.empty()) finish_all();
    if (report_.violations.empty()) check_end();
    return std::move(report_);
  }

 private:
  void violated(std::string what) { report_.violations.push_back(std::move(what)); }

  void plan_fault() {
    ++report_.faults;
    const std::uint64_t nth = 1 + random_.below(14);
    switch (random_.below(7)) {
      case 0:
      case 1:
        return box_.files.fail_operation(nth, ErrorCode::unavailable);
      case 2:
        return box_.files.fail_operation(nth, ErrorCode::busy);
      case 3:
        return box_.files.set_capacity(random_.below(600'000));
      case 4:
        return box_.files.set_read_only(random_.below(2) == 0);
      case 5:
        return box_.files.set_capacity(std::uint64_t{1} << 40);
      default:
        return box_.files.cut_power_at(nth);
    }
  }

  void lift_faults() {
    box_.files.set_read_only(false);
    box_.files.set_capacity(std::uint64_t{1} << 40);
    // One that was planned and has not happened must not happen in the end.
    box_.files.fail_operation(1, ErrorCode::unavailable);
    (void)box_.files.create_directories(box_.files.root() / "spent");
  }

  /// The power went: the program starts again on what is left.
  void restart() {
    ++report_.restarts;
    box_.stop();
    box_.files.set_read_only(false);
    SeededRandom tear(random_.next());
    box_.files.restart(random_.below(2) == 0 ? &tear : nullptr);
    if (const auto started = box_.start(); !started) {
      return violated("the program does not start again: " + started.error().message);
    }
    check();
  }

  void act() {
    box_.clock->advance(Milliseconds{random_.below(15'000)});
    switch (random_.below(12)) {
      case 0:
      case 1:
        return announce();
      case 2:
        return delete_one();
      case 3:
        (void)box_.collect();
        return;
      case 4:
      case 5:
      case 6:
        (void)box_.run_job(fmt::format("worker-{}", report_.restarts));
        return;
      default:
        return advance_upload();
    }
  }

  void announce() {
    const auto made = box_.announce(1 + random_.below(120'000));
    if (made) promised_.uploads[made->upload_id] = *made;
  }

  template <class Map>
  auto pick(Map& map) {
    return std::next(map.begin(), static_cast<std::ptrdiff_t>(random_.below(map.size())));
  }

  void advance_upload() {
    if (promised_.uploads.empty()) return announce();
    const auto chosen = pick(promised_.uploads)->first;
    (void)advance(chosen);
  }

  /// One request of a client that asks first where it is. False: not possible now.
  bool advance(const std::string& upload_id) {
    const auto now = box_.find(upload_id);
    if (!now) {
      if (now.error().code == ErrorCode::not_found) violated("upload " + upload_id + " is gone");
      return false;
    }
    if (now->state == storage::UploadState::done) {
      promised_.videos[upload_id] = *now->video;
      promised_.uploads.erase(upload_id);
      return true;
    }
    if (now->is_complete()) {
      const auto video = box_.publish(*now);
      if (!video) return false;
      promised_.videos[upload_id] = *video;
      promised_.uploads.erase(upload_id);
      return true;
    }
    const auto length = 1 + random_.below(*now->total - now->received);
    const auto answer = box_.append(*now, now->received, length, random_.below(5) == 0);
    if (answer) promised_.uploads[upload_id] = *answer;
    return answer.has_value();
  }

  void delete_one() {
    if (promised_.videos.empty()) return;
    const auto [upload_id, video] = *pick(promised_.videos);
    promised_.deleting.insert(upload_id);
    if (box_.delete_video(video)) {
      promised_.videos.erase(upload_id);
      gone_.insert(upload_id);
    }
  }

  void check() {
    for (const auto& [upload_id, last] : promised_.uploads) check_upload(last);
    for (const auto& [upload_id, video] : promised_.videos) {
      const auto row = box_.query("select 1 from video where id = :id", {video});
      if (row && row->empty() && !promised_.deleting.contains(upload_id)) {
        violated(fmt::format("published video {} is gone", video.value));
      }
    }
    check_rows();
  }

  void check_upload(const storage::Upload& last) {
    const auto now = box_.find(last.upload_id);
    if (!now) return violated("upload " + last.upload_id + " is gone: " + now.error().message);
    if (now->received < last.received) {
      return violated(fmt::format("{} of {} acknowledged bytes of {} are left", now->received,
                                  last.received, last.upload_id));
    }
    if (now->state == storage::UploadState::done || now->received == 0) return;
    const auto staged = box_.staged(last.upload_id);
    const auto stored = box_.object(SimulatedBox::original_of(last.upload_id));
    const std::string bytes = staged ? *staged : stored.value_or("");
    if (bytes.substr(0, now->received) != tests::bytes_of(0, now->received)) {
      violated("acknowledged bytes of " + last.upload_id + " have changed");
    }
  }

  void check_rows() {
    const auto rows = box_.query(
        "select f.name, f.size, p.object_key from placement p join media_file f"
        " on f.id = p.file_id");
    if (!rows) return violated("the database cannot be read: " + rows.error().message);
    for (const auto& row : *rows) {
      const auto object = box_.object(row.text(2));
      if (!object) {
        violated("a row points to " + row.text(2) + ", which is not there");
      } else if (*object != SimulatedBox::expected(row.text(0), row.integer(1))) {
        violated("the object " + row.text(2) + " is not what its row says");
      }
    }
  }

  /// No more faults: clients and workers go on until nothing is left to do.
  void finish_all() {
    for (int round = 0; round < k_patience && !promised_.uploads.empty(); ++round) {
      const std::string upload_id = promised_.uploads.begin()->first;
      (void)advance(upload_id);
      if (!report_.violations.empty()) return;
    }
    if (!promised_.uploads.empty()) violated("an upload never comes to its end");
    for (const auto& upload_id : std::set<std::string>(promised_.deleting)) {
      const auto found = promised_.videos.find(upload_id);
      if (found == promised_.videos.end()) continue;
      if (const auto gone = box_.delete_video(found->second); !gone) {
        violated("a video cannot be deleted: " + gone.error().message);
      }
      promised_.videos.erase(found);
      gone_.insert(upload_id);
    }
    for (int round = 0; round < k_patience; ++round) {
      box_.clock->advance(Seconds{700});
      for (;;) {
        const auto ran = box_.run_job("last-worker");
        if (!ran) return violated("a job cannot be run: " + ran.error().message);
        if (!*ran) break;
      }
      const auto left = box_.query("select count(*) from job");
      if (left && left->front().integer(0) == 0) return;
    }
    violated("jobs never come to their end");
  }

  void check_end() {
    check();
    for (const auto& [upload_id, video] : promised_.videos) check_video(upload_id, video);
    for (const auto& upload_id : gone_) {
      const auto rows =
          box_.query("select name from media_file where name like :name", {upload_id + "%"});
      if (rows && !rows->empty()) violated("a deleted video still has " + rows->front().text(0));
    }
    check_nothing_left_over();
  }

  void check_video(const std::string& upload_id, VideoId video) {
    const auto ended = box_.query(
        "select outcome, count(*) from job_history where video_id = :id group by outcome", {video});
    const auto made = box_.query("select count(*) from media_file where video_id = :id", {video});
    if (!ended || !made) return violated("the end cannot be read");
    const bool all_done = ended->size() == 1 && ended->front().integer(0) == 1;
    if (all_done && made->front().integer(0) != 4) {
      violated(fmt::format("video {} of {} has {} files instead of 4 although all jobs completed",
                           video.value, upload_id, made->front().integer(0)));
    }
  }

  void check_nothing_left_over() {
    // A day later, when also what jobs stored just before the power went is forgotten by all.
    box_.clock->advance(storage::k_unrecorded_for);
    (void)box_.collect();
    (void)box_.collect();
    const auto rows = box_.query("select object_key from placement");
    const auto objects = box_.objects();
    if (!rows || !objects) return violated("the store cannot be listed");
    std::set<std::string> known;
    for (const auto& row : *rows) known.insert(row.text(0));
    for (const std::string& key : *objects) {
      if (known.contains(key)) continue;
      violated("the store keeps " + key + ", which belongs to nobody");
    }
  }

  SeededRandom random_;
  SimulatedBox box_;
  Promised promised_;
  std::set<std::string> gone_;
  Report report_;
};

}  // namespace

Report run_disk_schedule(std::uint64_t seed) {
  return Schedule(seed).run();
}

}  // namespace shoal::faults
