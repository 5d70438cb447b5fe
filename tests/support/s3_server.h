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
/// Buckets are addressed by path and have names of three characters or more; the region is
/// us-east-1; a signature covers the header x-amz-content-sha256. Where the two differ from AWS:
///
/// Ceph's gateway sends the first of several ranges and takes the range -0 as none. On PUT it wants
/// If-Match without its quotes (with them: 412), takes any number of a part and any region. Making
/// a bucket that exists is a success, and errors have a code and an empty message.
///
/// Swift has no anonymous reads (they are 400), no ACLs of objects, no bucket policies, CORS rules,
/// tags or lifecycles (501), no conditional PUT (501), and wants Content-MD5 of DeleteObjects. The
/// range 5-2 gives the whole object, and there is no Accept-Ranges. Of parts there are at most
/// 1000; they live in a second bucket, NAME+segments, that is listed too. A wrong secret and an
/// unknown key are the same error, a wrong region is 400. Its access key has a colon in it. A HEAD
/// that finds nothing is followed by a stray `0 CR LF CR LF` on the kept connection, and an early
/// refusal closes the connection unannounced.
class S3Server {
 public:
  /// Ceph's gateway, shared by the tests of one binary; started when first asked for (1-2 s).
  static S3Server& radosgw();
  /// OpenStack Swift with s3api, likewise.
  static S3Server& swift();

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
  std::string signing_url(const std::string& path) const;
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
