#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace shoal {

using Sha256Digest = std::array<std::byte, 32>;

struct FreeDigest {
  void operator()(void* context) const;
};

/// Incremental SHA-256 (FIPS 180-4) over OpenSSL. One thread; finish() ends it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  Sha256Digest finish();

  static Sha256Digest of(std::span<const std::byte> bytes);
  static Sha256Digest of(std::string_view text) { return of(std::as_bytes(std::span(text))); }

 private:
  std::unique_ptr<void, FreeDigest> context_;
};

using Sha1Digest = std::array<std::byte, 20>;

/// Incremental SHA-1, where a format asks for it (BitTorrent); never to protect anything. One
/// thread; finish() ends it.
class Sha1 {
 public:
  Sha1();
  ~Sha1();
  Sha1(Sha1&&) noexcept;
  Sha1& operator=(Sha1&&) noexcept;

  void update(std::span<const std::byte> bytes);
  Sha1Digest finish();

  static Sha1Digest of(std::span<const std::byte> bytes);

 private:
  std::unique_ptr<void, FreeDigest> context_;
};

/// RFC 2104 with SHA-256.
Sha256Digest hmac_sha256(std::string_view key, std::string_view message);

}  // namespace shoal
