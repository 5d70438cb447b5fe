#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace shoal::net {

class TlsContext {
 public:
  /// Errors: invalid (unreadable, not PEM, key and certificate do not match).
  static Result<std::shared_ptr<TlsContext>> load(const std::string& certificate_file,
                                                  const std::string& key_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* native() const { return context_; }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  SSL_CTX* context_;
};

}  // namespace shoal::net
