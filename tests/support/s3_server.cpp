#include "tests/support/s3_server.h"

#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sstream>
#include <string_view>

#include "base/check.h"

namespace shoal::tests {

namespace {

struct Child {
  pid_t process;
  /// Its standard input and output.
  int channel;
};

/// A socket instead of two pipes: a child that has ended is an error of send, not a SIGPIPE.
Child spawn(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  int ends[2];
  SHOAL_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const pid_t child = ::fork();
  SHOAL_CHECK(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], STDIN_FILENO);
    ::dup2(ends[1], STDOUT_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  return {child, ends[0]};
}

bool send_all(int channel, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::string receive_all(int channel) {
  std::string bytes;
  char buffer[65536];
  for (ssize_t got = 0; (got = ::read(channel, buffer, sizeof buffer)) > 0;)
    bytes.append(buffer, static_cast<size_t>(got));
  return bytes;
}

S3Answer parse_answer(std::string_view text) {
  constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";
  if (text.starts_with(k_continue)) text.remove_prefix(k_continue.size());
  const auto line = text.find("\r\n");
  const auto end = text.find("\r\n\r\n");
  SHOAL_CHECK(text.starts_with("HTTP/1.1 ") && end != std::string_view::npos);
  S3Answer answer;
  answer.status = std::stoi(std::string(text.substr(9, 3)));
  answer.headers = text.substr(line + 2, end - line);
  answer.body = text.substr(end + 4);
  return answer;
}

bool names_content_type(const std::vector<std::string>& headers) {
  return std::ranges::any_of(headers, [](const std::string& header) {
    constexpr std::string_view k_name = "Content-Type:";
    return ::strncasecmp(header.c_str(), k_name.data(), k_name.size()) == 0;
  });
}

}  // namespace

S3Server& S3Server::radosgw() {
  static S3Server server("radosgw.sh");
  return server;
}

S3Server& S3Server::swift() {
  static S3Server server("swift_s3api.py");
  return server;
}

S3Server::S3Server(const std::string& script, const std::vector<std::string>& arguments) {
  std::vector<std::string> words{std::string(SHOAL_S3_SERVERS) + "/" + script};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const Child child = spawn(words);
  process_ = child.process;
  channel_ = child.channel;
  std::istringstream line(read_line());
  std::string word;
  line >> word >> endpoint_ >> access_key_ >> secret_key_;
  SHOAL_CHECK(word == "ready" && !secret_key_.empty());
}

S3Server::~S3Server() {
  ::close(channel_);
  ::waitpid(process_, nullptr, 0);
}

void S3Server::create_bucket(const std::string& name) {
  const S3Answer answer = request("PUT", "/" + name);
  if (answer.status != 200) fprintf(stderr, "PUT /%s: %s\n", name.c_str(), answer.body.c_str());
  SHOAL_CHECK(answer.status == 200);
}

std::string S3Server::new_bucket() {
  std::string name = "shoal-test-" + std::to_string(++created_);
  create_bucket(name);
  return name;
}

/// With the keys in it: curl's --user ends the access key at its first colon.
std::string S3Server::signing_url(const std::string& path) const {
  std::string user = access_key_;
  if (const auto colon = user.find(':'); colon != std::string::npos) user.replace(colon, 1, "%3A");
  std::string url = endpoint_ + path;
  url.insert(std::string_view("http://").size(), user + ":" + secret_key_ + "@");
  return url;
}

S3Answer S3Server::request(const std::string& method, const std::string& path,
                           const std::string& body, const std::vector<std::string>& headers) const {
  // --noproxy: a proxy of the environment is not for loopback.
  std::vector<std::string> words{"curl", "-sS", "-i", "--noproxy", "*", "--max-time", "60"};
  words.insert(words.end(), {"--aws-sigv4", "aws:amz:" + region() + ":s3"});
  words.insert(words.end(), {"-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"});
  for (const auto& header : headers) words.insert(words.end(), {"-H", header});
  if (method == "HEAD") {
    words.emplace_back("-I");
  } else {
    words.insert(words.end(), {"-X", method});
  }
  if (method == "PUT" || method == "POST") {
    words.insert(words.end(), {"--data-binary", "@-"});
    // Else it is that of a form.
    if (!names_content_type(headers))
      words.insert(words.end(), {"-H", "Content-Type: application/octet-stream"});
  }
  words.push_back(signing_url(path));
  const Child curl = spawn(words);
  // It reads all of its input before it sends any.
  send_all(curl.channel, body);
  ::shutdown(curl.channel, SHUT_WR);
  const std::string text = receive_all(curl.channel);
  ::close(curl.channel);
  int status = 0;
  SHOAL_CHECK(::waitpid(curl.process, &status, 0) == curl.process && status == 0);
  return parse_answer(text);
}

void S3Server::stop() {
  command("down");
}
void S3Server::start() {
  command("up");
}
void S3Server::hang() {
  command("hang");
}
void S3Server::resume() {
  command("resume");
}

void S3Server::command(const std::string& word) {
  SHOAL_CHECK(send_all(channel_, word + "\n"));
  SHOAL_CHECK(read_line() == "ok");
}

/// One line of the script; empty when it ended instead, having said why on standard error.
std::string S3Server::read_line() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  std::string line;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd wait{channel_, POLLIN, 0};
    SHOAL_CHECK(::poll(&wait, 1, static_cast<int>(left.count())) == 1);
    char letter = 0;
    if (::read(channel_, &letter, 1) != 1) return {};
    if (letter == '\n') return line;
    line += letter;
  }
}

}  // namespace shoal::tests
