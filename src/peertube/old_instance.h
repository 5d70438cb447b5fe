#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "net/http/client.h"
#include "peertube/old_video.h"

namespace shoal::peertube {

struct OldInstanceConfig {
  std::string url;  ///< "https://old.example.org", without '/' at its end
  std::string username{};
  std::string password{};
  /// Instead of a name and a password.
  std::string token{};
  std::uint64_t keep_free = std::uint64_t{1} << 30;  ///< bytes that a download leaves on the disk
};

/// Reads an existing PeerTube by its REST API. Every answer is bounded; a server that is asked too
/// often, or fails, is asked again some times. The token is only sent to that server. Connections
/// belong to the executor it is used on; one task at a time.
class OldInstance {
 public:
  struct Services {
    io::FileSystem& files;
    io::Offload& offload;
    /// Waits; empty: by a timer of the task's executor.
    std::function<io::Task<>(Milliseconds time)> wait_for{};
  };
  OldInstance(OldInstanceConfig config, Services services);

  /// Asks for the version, logs in where it was told how, and learns what it may see. Errors:
  /// unauthorized, unavailable, corrupt (no PeerTube).
  io::Task<Result<std::string>> connect();
  /// Whether everything is shown: the token is a moderator's or an administrator's.
  bool sees_all() const { return reach_ == Reach::all; }

  /// One page of its own videos, the oldest first: all with an administrator's token, with
  /// another's those of that user, else those that are public.
  io::Task<Result<OldPage<ListedVideo>>> list_videos(std::size_t start);
  io::Task<Result<OldPage<OldChannel>>> list_channels(std::size_t start);
  /// By username; empty where it is not for us.
  io::Task<Result<std::map<std::string, OldUser>>> list_users();

  /// With the whole description, and its passwords where it has some.
  io::Task<Result<OldVideo>> find_video(Uuid uuid);
  io::Task<Result<std::vector<OldCaption>>> find_captions(Uuid uuid);
  io::Task<Result<std::vector<catalog::Chapter>>> find_chapters(Uuid uuid);
  io::Task<Result<std::optional<OldStoryboard>>> find_storyboard(Uuid uuid);

  /// The bytes at a path of the instance or a whole URL; what names the instance by the address
  /// that it believes to have (`origin`) is asked where we reach it. Errors: not_found, too_large …
  io::Task<Result<std::string>> read(std::string place, std::string origin, std::uint64_t limit);
  /// The same into a file of exactly `size` bytes, going on behind what is there already. Errors:
  /// full (the disk), corrupt (another size).
  io::Task<Result<>> download(std::string place, std::string origin, io::Path to,
                              std::uint64_t size);

 private:
  enum class Reach { everyone, own, all };
  io::Task<Result<>> log_in();
  io::Task<Result<std::string>> ask(std::string path);
  /// Sends, follows redirections, waits and asks again; the answer is 200 or 206.
  io::Task<Result<net::ClientResponse>> get(std::string url, std::string range, std::string accept);
  io::Task<Result<std::uint64_t>> go_on(std::string url, std::shared_ptr<io::File> file,
                                        std::uint64_t have, std::uint64_t size);
  io::Task<> wait(Milliseconds time);
  std::string url_of(const std::string& place, const std::string& origin) const;
  bool is_ours(const std::string& url) const { return url.starts_with(config_.url + "/"); }

  const OldInstanceConfig config_;
  const Services services_;
  net::HttpClient http_;
  std::string token_;
  Reach reach_ = Reach::everyone;
};

}  // namespace shoal::peertube
