#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace shoal {
namespace {

void* begin(const EVP_MD* algorithm) {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  SHOAL_CHECK(EVP_DigestInit_ex(context, algorithm, nullptr) == 1);
  return context;
}

void feed(void* context, std::span<const std::byte> bytes) {
  SHOAL_CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context), bytes.data(), bytes.size()) == 1);
}

void end(void* context, std::span<std::byte> out) {
  SHOAL_CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context),
                                 reinterpret_cast<unsigned char*>(out.data()), nullptr) == 1);
}

}  // namespace

void FreeDigest::operator()(void* context) const {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

Sha256::Sha256() : context_(begin(EVP_sha256())) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> bytes) {
  feed(context_.get(), bytes);
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  end(context_.get(), digest);
  return digest;
}

Sha256Digest Sha256::of(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

Sha1::Sha1() : context_(begin(EVP_sha1())) {}
Sha1::~Sha1() = default;
Sha1::Sha1(Sha1&&) noexcept = default;
Sha1& Sha1::operator=(Sha1&&) noexcept = default;

void Sha1::update(std::span<const std::byte> bytes) {
  feed(context_.get(), bytes);
}

Sha1Digest Sha1::finish() {
  Sha1Digest digest;
  end(context_.get(), digest);
  return digest;
}

Sha1Digest Sha1::of(std::span<const std::byte> bytes) {
  Sha1 hash;
  hash.update(bytes);
  return hash.finish();
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view message) {
  Sha256Digest digest;
  SHOAL_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                   reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                   reinterpret_cast<unsigned char*>(digest.data()), nullptr) != nullptr);
  return digest;
}

}  // namespace shoal
