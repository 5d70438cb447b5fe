#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "net/plain_transport.h"
#include "net/tls_context.h"

namespace shoal::net {

namespace {

/// Only HTTP/1.1 is spoken here.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* in, unsigned int in_length, void*) {
  static constexpr unsigned char k_http11[] = "\x08http/1.1";
  unsigned char* selected = nullptr;
  const int outcome =
      SSL_select_next_proto(&selected, out_length, k_http11, sizeof(k_http11) - 1, in, in_length);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

std::string last_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  return code == 0 ? "unknown error" : ERR_error_string(code, nullptr);
}

/// OpenSSL on the non-blocking socket itself: no second copy and no buffers while idle.
class TlsTransport final : public PlainTransport {
 public:
  TlsTransport(io::Executor executor, int socket, std::shared_ptr<TlsContext> context)
      : PlainTransport(std::move(executor), socket),
        context_(std::move(context)),
        ssl_(SSL_new(context_->native())) {
    if (ssl_ == nullptr) return;
    SSL_set_fd(ssl_, socket);
    SSL_set_accept_state(ssl_);
  }

  ~TlsTransport() override {
    if (ssl_ != nullptr && SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
    ERR_clear_error();
    SSL_free(ssl_);
  }

  IoResult handshake() override {
    if (ssl_ == nullptr) return {IoState::broken, 0};
    ERR_clear_error();
    return outcome(SSL_do_handshake(ssl_), 0);
  }

  IoResult read(std::span<std::byte> out) override {
    ERR_clear_error();
    std::size_t moved = 0;
    return outcome(SSL_read_ex(ssl_, out.data(), out.size(), &moved), moved);
  }

  bool has_buffered() const override { return SSL_has_pending(ssl_) == 1; }

  IoResult write(std::span<const iovec> bytes, bool) override {
    // One record for a head and its small body. A repeated call joins the same bytes again, which
    // is what OpenSSL asks of a retry.
    std::array<char, 16 * 1024> joined;
    const void* data = bytes[0].iov_base;
    std::size_t size = bytes[0].iov_len;
    if (bytes.size() > 1 && size < joined.size()) {
      size = 0;
      for (const auto& part : bytes) {
        const auto count = std::min(part.iov_len, joined.size() - size);
        std::memcpy(joined.data() + size, part.iov_base, count);
        size += count;
      }
      data = joined.data();
    }
    ERR_clear_error();
    std::size_t moved = 0;
    return outcome(SSL_write_ex(ssl_, data, size, &moved), moved);
  }

  io::Task<IoResult> wait_and_read(std::span<std::byte> out) override {
    // The socket's bytes are OpenSSL's to read.
    return Transport::wait_and_read(out);
  }

  bool sends_files() const override { return false; }

  void shutdown_write() override {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    PlainTransport::shutdown_write();
  }

 private:
  IoResult outcome(int returned, std::size_t moved) {
    if (returned == 1) return {IoState::done, moved};
    switch (SSL_get_error(ssl_, returned)) {
      case SSL_ERROR_WANT_READ:
        return {IoState::want_read, 0};
      case SSL_ERROR_WANT_WRITE:
        return {IoState::want_write, 0};
      case SSL_ERROR_ZERO_RETURN:
        return {IoState::done, 0};
      default:
        return {IoState::broken, 0};
    }
  }

  std::shared_ptr<TlsContext> context_;
  SSL* ssl_;
};

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::load(const std::string& certificate_file,
                                                     const std::string& key_file) {
  SSL_CTX* native = SSL_CTX_new(TLS_server_method());
  if (native == nullptr) return fail(ErrorCode::internal, "OpenSSL: " + last_error());
  std::shared_ptr<TlsContext> context(new TlsContext(native));
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(native, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                               SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, select_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(native, certificate_file.c_str()) != 1)
    return fail(ErrorCode::invalid,
                "cannot use certificate " + certificate_file + ": " + last_error());
  if (SSL_CTX_use_PrivateKey_file(native, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(ErrorCode::invalid, "cannot use key " + key_file + ": " + last_error());
  if (SSL_CTX_check_private_key(native) != 1)
    return fail(ErrorCode::invalid, "the key does not belong to the certificate: " + last_error());
  return context;
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

std::unique_ptr<Transport> make_tls_transport(io::Executor executor, int socket,
                                              std::shared_ptr<TlsContext> context) {
  return std::make_unique<TlsTransport>(std::move(executor), socket, std::move(context));
}

}  // namespace shoal::net
