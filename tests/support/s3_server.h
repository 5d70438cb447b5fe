#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace shoal::tests {

struct S3Answer {
  int status = 0;
  /// As they came, without the status line.
  std::string headers;
  std::string body;
};

/// A real S3 server that is none of ours, in its own folder and on ports of its own, with one user.
/// It runs as a script of tests/support/s3_servers (its head says the protocol) and ends, with its
/// folder, when this object or the whole test binary does, however that ends. One thread.
///
/// Buckets are addressed by path, the region is us-east-1. Ceph's gateway answers what AWS does,
/// except that bucket names are of 3 characters at least and that it refuses a signature without
/// the header x-amz-content-sha256.
class S3Server {
 public:
  /// Ceph's gateway, shared by the tests of one binary; started when first asked for (1-2 s).
  static S3Server& radosgw();

  /// A server of one test: `script` is a file of tests/support/s3_servers.
  explicit S3Server(const std::string& script, const std::vector<std::string>& arguments = {});
  ~S3Server();
  S3Server(const S3Server&) = delete;
  S3Server& operator=(const S3Server&) = delete;

  /// http://127.0.0.1:PORT, also after a restart.
  const std::string& endpoint() const { return endpoint_; }
  const std::string& access_key() const { return access_key_; }
  const std::string& secret_key() const { return secret_key_; }
  std::string region() const { return "us-east-1"; }

  void create_bucket(const std::string& name);
  /// Makes an empty bucket that no other test has; returns its name.
  std::string new_bucket();

  /// What another client sees: the program curl sends it, signed with this server's keys. `path`
  /// begins with /, is percent-encoded, and its query is sorted and has a = after every name.
  S3Answer request(const std::string& method, const std::string& path, const std::string& body = "",
                   const std::vector<std::string>& headers = {}) const;

  /// Connections break and new ones are refused, until start(). The objects stay.
  void stop();
  void start();
  /// Connections are accepted and nothing is ever answered, until resume().
  void hang();
  void resume();

  /// Of the script; its children are the server.
  pid_t process() const { return process_; }

 private:
  void command(const std::string& word);
  std::string read_line();

  pid_t process_ = -1;
  int channel_ = -1;
  std::string endpoint_;
  std::string access_key_;
  std::string secret_key_;
  int created_ = 0;
};

}  // namespace shoal::tests
