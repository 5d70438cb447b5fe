#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "io/runtime.h"
#include "net/http/server.h"
#include "tests/support/temporary_directory.h"

namespace shoal::tests {

/// A PeerTube on loopback that has what the recorded one had: its answers are the recordings, its
/// media are made by ffmpeg in PeerTube's own layout (12 s, 25 frames a second). Its users are root
/// (rootpassword123), who sees all, and nobody else. Change it between imports.
class OldPeertube {
 public:
  static constexpr const char* k_public_uuid = "6acefbfb-2f3c-4580-ae65-61109fce9563";
  static constexpr const char* k_private_uuid = "fddd08bf-a517-4412-81b0-db2a9d85f339";

  OldPeertube();
  ~OldPeertube();
  OldPeertube(const OldPeertube&) = delete;
  OldPeertube& operator=(const OldPeertube&) = delete;

  std::string url() const;
  /// PeerTube's `storage` folder.
  std::filesystem::path storage() const { return folder_.path() / "storage"; }
  /// GET videos/:id of one of the two, to be changed.
  boost::json::object& video(const std::string& uuid) { return videos_.at(uuid); }
  /// The names of its streaming files, the largest first; where they lie, and what is in them.
  std::vector<std::string> hls_names(const std::string& uuid) const;
  std::filesystem::path hls_folder(const std::string& uuid) const;

  /// Answers to paths with this part in them are cut off after so many bytes, once each.
  void cut_once(const std::string& part, std::size_t bytes);
  /// The next so many requests are answered with 429.
  void be_busy(int times);
  /// Requests for paths that hold this part, so far; and of them those that asked for a range.
  int asked(const std::string& part) const;
  int asked_for_ranges(const std::string& part) const;

 private:
  struct Asked {
    std::string path;
    bool has_range = false;
  };
  net::Response answer(const net::Request& request);
  net::Response answer_api(const net::Request& request, bool is_root);
  net::Response answer_video(const std::string& rest, bool is_root);
  net::Response list(const net::Request& request, bool is_root);
  net::Response send_file(const net::Request& request, const std::filesystem::path& path);

  TemporaryDirectory folder_;
  SystemClock clock_;
  Metrics metrics_;
  io::Runtime runtime_{1};
  std::map<std::string, boost::json::object> videos_;
  mutable std::mutex mutex_;
  std::map<std::string, std::size_t> cuts_;  ///< under mutex_, as what follows
  std::vector<Asked> asked_;
  int busy_ = 0;
  std::unique_ptr<net::Server> server_;
};

}  // namespace shoal::tests
