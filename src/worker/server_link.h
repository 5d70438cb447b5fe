#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/machine_labels.h"
#include "base/result.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "io/task.h"
#include "net/http/client.h"
#include "runners/assignment.h"

/// `shoal worker`: a machine that takes segment jobs of a server over HTTPS and has no database.
namespace shoal::worker {

/// A finished piece of one rendition.
struct Piece {
  std::uint32_t resolution = 0;
  io::Path path;
  std::uint64_t size = 0;
};

/// The requests of the runner protocol that a worker makes, each sent once. Errors of all: conflict
/// (the job is not, or no longer, ours), unauthorized (the server knows no such worker), invalid
/// (the server understood and refused; the message says why), busy, unavailable and timeout (try
/// again). Immutable, any thread; connections belong to the executor that it is used on.
class ServerLink {
 public:
  /// `server`: "https://videos.example.org", without a slash at the end.
  ServerLink(std::string server, io::FileSystem& files, io::Offload& disk);

  /// Gives the token of a new runner. Errors also: not_found (no such registration token).
  io::Task<Result<std::string>> enter(std::string registration_token, std::string name) const;

  /// Ids of jobs that may be accepted by who has these labels; the server may wait for `patience`
  /// until there is one. Less than the deadline of a call.
  io::Task<Result<std::vector<std::string>>> request(std::string runner_token, MachineLabels labels,
                                                     Seconds patience) const;
  io::Task<Result<runners::Assignment>> accept(std::string runner_token, std::string job) const;

  /// What a worker shows to prove a lease.
  struct Proof {
    std::string runner_token;
    std::string job;
    std::string job_token;
  };
  /// Keeps the lease. In percent.
  io::Task<Result<>> update(Proof proof, int progress) const;
  io::Task<Result<>> abort(Proof proof) const;
  io::Task<Result<>> fail_job(Proof proof, std::string message) const;
  /// Returns when the server has stored the pieces: they can be played then.
  io::Task<Result<>> deliver(Proof proof, std::vector<Piece> pieces) const;
  /// The same; the pieces are put into the store itself, and the server told. Errors also:
  /// unsupported (the store takes nothing from elsewhere), and of the store unavailable for
  /// whatever it says: they can be delivered still.
  io::Task<Result<>> deliver_by_store(Proof proof, std::vector<Piece> pieces) const;
  /// The source from byte `from` on, from the server or the store that it names. Errors also:
  /// corrupt where it is given from another byte on.
  io::Task<Result<std::unique_ptr<net::BodySource>>> open_source(Proof proof, std::string url,
                                                                 std::uint64_t from) const;

 private:
  io::Task<Result<std::string>> post(std::string path, std::string body) const;
  io::Task<Result<std::vector<runners::ResultUrl>>> result_urls(
      Proof proof, const std::vector<Piece>& pieces) const;
  io::Task<Result<>> put(std::string url, Piece piece) const;
  io::Task<Result<>> tell(Proof proof, std::string_view what, std::string_view name,
                          std::string value) const;

  const std::string server_;
  io::FileSystem& files_;
  io::Offload& disk_;
  const net::HttpClient client_;
  /// Waits longer for the first byte: what was sent is checked and stored first.
  const net::HttpClient patient_client_;
};

}  // namespace shoal::worker
