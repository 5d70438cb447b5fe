#include "tests/support/s3_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <list>
#include <ostream>
#include <sstream>
#include <vector>

namespace shoal::tests {
namespace {

namespace fs = std::filesystem;

struct Kind {
  std::string name;
  std::string script;
  S3Server& (*shared)();

  friend void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }
};

class S3ServerTest : public testing::TestWithParam<Kind> {
 protected:
  S3Server& server() const { return GetParam().shared(); }
};

struct CurlResult {
  int exit_code;
  std::string output;
};

/// The program curl as a shell would start it.
CurlResult curl(const std::string& arguments) {
  FILE* pipe = ::popen(("curl -s --noproxy '*' " + arguments).c_str(), "r");
  std::string output;
  for (int letter = 0; (letter = std::fgetc(pipe)) != EOF;) output += static_cast<char>(letter);
  return {WEXITSTATUS(::pclose(pipe)), output};
}

TEST_P(S3ServerTest, what_was_put_is_got_also_by_range) {
  const std::string object = "/" + server().new_bucket() + "/a/b.bin";
  const std::string bytes = std::string(300'000, 'x') + "end\r\n\r\n";
  EXPECT_EQ(server().request("PUT", object, bytes).status, 200);
  const S3Answer whole = server().request("GET", object);
  EXPECT_EQ(whole.status, 200);
  EXPECT_TRUE(whole.body == bytes);
  const S3Answer range = server().request("GET", object, "", {"Range: bytes=300000-300002"});
  EXPECT_EQ(range.status, 206);
  EXPECT_EQ(range.body, "end");
  EXPECT_NE(server().request("HEAD", object).headers.find("300007"), std::string::npos);
}

TEST_P(S3ServerTest, a_bucket_is_new_and_empty) {
  const std::string first = server().new_bucket();
  server().request("PUT", "/" + first + "/a", "b");
  const std::string second = server().new_bucket();
  EXPECT_NE(first, second);
  const S3Answer list = server().request("GET", "/" + second + "/?list-type=2&prefix=");
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body.find("<Contents>"), std::string::npos);
}

TEST_P(S3ServerTest, a_wrong_signature_is_refused) {
  const std::string path = "/" + server().new_bucket() + "/";
  const auto status = [&](const std::string& secret) {
    std::string user = server().access_key();
    if (const auto colon = user.find(':'); colon != std::string::npos)
      user.replace(colon, 1, "%3A");
    const std::string host = server().endpoint().substr(std::string("http://").size());
    return curl(
               "-o /dev/null -w '%{http_code}' -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "
               "--aws-sigv4 aws:amz:us-east-1:s3 http://" +
               user + ":" + secret + "@" + host + path)
        .output;
  };
  EXPECT_EQ(status(server().secret_key()), "200");
  EXPECT_EQ(status("wrong"), "403");
}

TEST_P(S3ServerTest, objects_outlive_a_restart_and_buckets_are_made_at_once_after_it) {
  const std::string object = "/" + server().new_bucket() + "/kept";
  server().request("PUT", object, "kept");
  server().stop();
  constexpr int k_refused = 7;
  EXPECT_EQ(curl(server().endpoint()).exit_code, k_refused);
  server().start();
  EXPECT_EQ(server().request("GET", object).body, "kept");
  const auto begin = std::chrono::steady_clock::now();
  server().new_bucket();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_P(S3ServerTest, a_server_that_hangs_accepts_and_goes_on_later) {
  const std::string object = "/" + server().new_bucket() + "/slow";
  server().request("PUT", object, "slow");
  server().hang();
  constexpr int k_time_is_up = 28;
  const CurlResult result = curl("--max-time 0.3 -w '%{time_connect}' " + server().endpoint());
  EXPECT_EQ(result.exit_code, k_time_is_up);
  EXPECT_NE(result.output, "0.000000") << "it did not connect";
  server().resume();
  EXPECT_EQ(server().request("GET", object).body, "slow");
}

/// The process and all that descend from it.
std::vector<pid_t> family(pid_t process) {
  std::vector<pid_t> found{process};
  const std::string id = std::to_string(process);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  for (pid_t child = 0; children >> child;)
    for (const pid_t member : family(child)) found.push_back(member);
  return found;
}

/// Starts a server, tells its processes and its folder, and waits to be killed.
[[noreturn]] void own_a_server(const std::string& script, int told) {
  S3Server server(script);
  const auto processes = family(server.process());
  std::string text =
      fs::read_symlink("/proc/" + std::to_string(server.process()) + "/cwd").string();
  for (const pid_t process : processes) text += " " + std::to_string(process);
  text += "\n";
  std::ignore = ::write(told, text.data(), text.size());
  for (;;) ::pause();
}

/// A process other than a child, as a descriptor that becomes readable when the process has ended.
class WatchedProcess {
 public:
  explicit WatchedProcess(pid_t process)
      : descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, process, 0))) {}
  ~WatchedProcess() { ::close(descriptor_); }
  WatchedProcess(const WatchedProcess&) = delete;

  bool ends_within(std::chrono::milliseconds limit) const {
    pollfd wait{descriptor_, POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(limit.count())) == 1;
  }

 private:
  int descriptor_;
};

TEST_P(S3ServerTest, nothing_is_left_after_kill_9_of_its_owner) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t owner = ::fork();
  if (owner == 0) own_a_server(GetParam().script, ends[1]);
  ::close(ends[1]);
  char buffer[4096];
  const ssize_t got = ::read(ends[0], buffer, sizeof buffer);
  ASSERT_GT(got, 0);
  std::istringstream line(std::string(buffer, static_cast<size_t>(got)));
  std::string folder;
  line >> folder;
  std::list<WatchedProcess> processes;
  for (pid_t process = 0; line >> process;) processes.emplace_back(process);
  EXPECT_GE(processes.size(), 4);
  EXPECT_TRUE(fs::exists(folder));
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  for (const auto& process : processes) EXPECT_TRUE(process.ends_within(std::chrono::seconds(20)));
  EXPECT_FALSE(fs::exists(folder));
}

INSTANTIATE_TEST_SUITE_P(Each, S3ServerTest,
                         testing::Values(Kind{"radosgw", "radosgw.sh", &S3Server::radosgw},
                                         Kind{"swift", "swift_s3api.py", &S3Server::swift}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace shoal::tests
