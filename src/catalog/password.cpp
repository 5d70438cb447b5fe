#include "catalog/password.h"

#include <argon2.h>

#include <array>

namespace shoal::catalog {
namespace {

constexpr std::uint32_t k_iterations = 2;
constexpr std::uint32_t k_memory_kib = 19 * 1024;
constexpr std::uint32_t k_lanes = 1;
constexpr std::size_t k_hash_bytes = 32;

}  // namespace

Result<std::string> hash_password(std::string_view password, Random& random) {
  std::array<std::byte, 16> salt;
  random.fill(salt);
  std::array<char, 256> encoded{};
  const int status =
      argon2id_hash_encoded(k_iterations, k_memory_kib, k_lanes, password.data(), password.size(),
                            salt.data(), salt.size(), k_hash_bytes, encoded.data(), encoded.size());
  if (status != ARGON2_OK) {
    return fail(ErrorCode::unavailable,
                std::string("argon2 refused: ") + argon2_error_message(status));
  }
  return std::string(encoded.data());
}

bool verify_password(std::string_view password, const std::string& hash) {
  return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace shoal::catalog
