#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <fstream>

#include "io/runtime.h"
#include "net/http/client.h"
#include "net/http/server.h"
#include "net/tls_context.h"
#include "tests/support/socket_client.h"
#include "tests/support/temporary_directory.h"

namespace shoal::net {
namespace {

/// Writes a self-signed certificate for `name` and its key.
void write_certificate(const io::Path& folder, const std::string& name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_sign(certificate, key, EVP_sha256());
  FILE* file = std::fopen((folder / "key.pem").c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  file = std::fopen((folder / "certificate.pem").c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

/// A blocking TLS client that trusts anybody.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port)
      : socket_(port), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
    SSL_set_fd(ssl_, socket_.descriptor());
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool connected() const { return connected_; }

  std::string server_name() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    char name[100] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof(name));
    X509_free(certificate);
    return name;
  }

  /// What follows the head of the answer: `size` bytes at least, or all until the end.
  std::string ask(const std::string& request, std::size_t size) {
    SSL_write(ssl_, request.data(), static_cast<int>(request.size()));
    std::string text;
    while (true) {
      const auto end = text.find("\r\n\r\n");
      if (end != std::string::npos && text.size() >= end + 4 + size) return text.substr(end + 4);
      char buffer[16 * 1024];
      const int got = SSL_read(ssl_, buffer, sizeof(buffer));
      if (got <= 0 && end != std::string::npos) return text.substr(end + 4);
      if (got <= 0) return "(closed after) " + text;
      text.append(buffer, static_cast<std::size_t>(got));
    }
  }

 private:
  tests::SocketClient socket_;
  SSL_CTX* context_;
  SSL* ssl_;
  bool connected_ = false;
};

io::Task<Response> answer(Request& request, io::Path folder) {
  if (request.path == "/echo") {
    auto body = co_await read_body(request, 10 << 20);
    co_return Response::text(200, body.value_or("(failed)"), "text/plain");
  }
  if (request.path != "/file")
    co_return Response::text(200, request.secure ? "secure" : "plain", "text/plain");
  io::PosixFileSystem files;
  auto file = files.open(folder / "file", io::OpenMode::read);
  Response response;
  response.body = FileBody{std::move(*file), 1, 2'000'000};
  co_return response;
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    write_certificate(folder_.path(), "localhost");
    content_.resize(2'100'000);
    for (std::size_t i = 0; i < content_.size(); ++i) content_[i] = static_cast<char>(i * 31 >> 3);
    std::ofstream(folder_.path() / "file", std::ios::binary) << content_;
    ServerConfig config;
    config.port = 0;
    config.tls = {.certificate_file = folder_.path() / "certificate.pem",
                  .key_file = folder_.path() / "key.pem"};
    server_.emplace(
        runtime_, config,
        [folder = folder_.path()](Request& request) { return answer(request, folder); }, metrics_,
        clock_);
    ASSERT_TRUE(server_->start());
  }
  void TearDown() override { runtime_.run_until_done(server_->stop()); }

  tests::TemporaryDirectory folder_;
  std::string content_;
  Metrics metrics_;
  SystemClock clock_;
  io::Runtime runtime_{1};
  std::optional<Server> server_;
};

TEST_F(TlsTest, our_client_trusts_whom_it_is_told_to) {
  const auto ask = [&](const std::string& ca_file) {
    Result<int> status = 0;
    runtime_.run_until_done([](std::string url, std::string authorities,
                               Result<int>& out) -> io::Task<> {
      const auto got =
          co_await HttpClient().send({.url = std::move(url), .ca_file = std::move(authorities)});
      out = got ? Result<int>(got->status) : std::unexpected(got.error());
    }(fmt::format("https://localhost:{}/", server_->port()), ca_file, status));
    return status;
  };
  EXPECT_EQ(ask((folder_.path() / "certificate.pem").string()).value_or(0), 200);
  EXPECT_FALSE(ask(""));
  EXPECT_FALSE(ask((folder_.path() / "none.pem").string()));
}

TEST_F(TlsTest, serves_texts_files_and_bodies) {
  TlsClient client(server_->port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 6), "secure");
  EXPECT_EQ(client.ask("GET /file HTTP/1.1\r\nHost: a\r\n\r\n", 2'000'000),
            content_.substr(1, 2'000'000));
  const auto body = content_.substr(0, 300'000);
  EXPECT_EQ(client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + body,
                       300'000),
            body);
}

// The end of the body and the next request share a record: OpenSSL holds what was not asked for.
TEST_F(TlsTest, a_request_in_the_record_of_the_one_before_is_answered) {
  TlsClient client(server_->port());
  const auto body = content_.substr(0, 100'000);
  const auto both = client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" +
                                   body + "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                               1'000'000);
  EXPECT_EQ(both.substr(0, 100'000), body);
  EXPECT_TRUE(both.ends_with("secure")) << both.substr(100'000);
}

TEST_F(TlsTest, a_plain_request_is_closed_and_others_go_on) {
  tests::SocketClient plain(server_->port());
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  plain.end_sending();
  EXPECT_EQ(plain.receive_rest().find("HTTP/"), std::string::npos);
  TlsClient client(server_->port());
  EXPECT_TRUE(client.connected());
}

TEST_F(TlsTest, reload_takes_the_new_certificate_and_refuses_a_broken_one) {
  TlsClient before(server_->port());
  EXPECT_EQ(before.server_name(), "localhost");
  write_certificate(folder_.path(), "second");
  ASSERT_TRUE(server_->reload_tls());
  EXPECT_EQ(TlsClient(server_->port()).server_name(), "second");
  EXPECT_EQ(before.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 6), "secure");

  std::ofstream(folder_.path() / "key.pem") << "nonsense";
  const auto reloaded = server_->reload_tls();
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().code, ErrorCode::invalid);
  EXPECT_EQ(TlsClient(server_->port()).server_name(), "second");
}

TEST(TlsContext, a_key_of_another_certificate_is_refused) {
  tests::TemporaryDirectory one;
  tests::TemporaryDirectory other;
  write_certificate(one.path(), "one");
  write_certificate(other.path(), "other");
  EXPECT_FALSE(TlsContext::load(one.path() / "certificate.pem", other.path() / "key.pem"));
  EXPECT_FALSE(TlsContext::load(one.path() / "missing.pem", one.path() / "key.pem"));
  EXPECT_TRUE(TlsContext::load(one.path() / "certificate.pem", one.path() / "key.pem"));
}

}  // namespace
}  // namespace shoal::net
