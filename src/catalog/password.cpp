#include "catalog/password.h"

#include <argon2.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <array>
#include <optional>
#include <vector>

#include "base/text.h"

namespace shoal::catalog {
namespace {

struct Cost {
  std::uint32_t iterations = 2;
  std::uint32_t memory_kib = 19 * 1024;
  std::uint32_t lanes = 1;
};
/// What a stored hash may ask for, so that a damaged one cannot take the machine.
constexpr Cost k_most{16, 256 * 1024, 8};
constexpr std::size_t k_hash_bytes = 32;
constexpr std::size_t k_salt_bytes = 16;

// 19 MiB from malloc would stay with the process after the first log-in: from the kernel they go
// back at once.
int take_memory(std::uint8_t** memory, std::size_t bytes) {
  void* got = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got == MAP_FAILED) return ARGON2_MEMORY_ALLOCATION_ERROR;
  *memory = static_cast<std::uint8_t*>(got);
  return ARGON2_OK;
}

void give_memory_back(std::uint8_t* memory, std::size_t bytes) {
  ::munmap(memory, bytes);
}

int derive(std::string_view password, std::span<const std::byte> salt, const Cost& cost,
           std::span<std::uint8_t> out) {
  // argon2 takes its inputs as writable although it only reads them.
  std::vector<std::uint8_t> secret(password.begin(), password.end());
  std::vector<std::uint8_t> grain(salt.size());
  for (std::size_t i = 0; i < salt.size(); ++i) grain[i] = static_cast<std::uint8_t>(salt[i]);
  argon2_context context{};
  context.out = out.data();
  context.outlen = static_cast<std::uint32_t>(out.size());
  context.pwd = secret.data();
  context.pwdlen = static_cast<std::uint32_t>(secret.size());
  context.salt = grain.data();
  context.saltlen = static_cast<std::uint32_t>(grain.size());
  context.t_cost = cost.iterations;
  context.m_cost = cost.memory_kib;
  context.lanes = cost.lanes;
  context.threads = 1;
  context.version = ARGON2_VERSION_13;
  context.allocate_cbk = take_memory;
  context.free_cbk = give_memory_back;
  context.flags = ARGON2_DEFAULT_FLAGS;
  return argon2id_ctx(&context);
}

/// The PHC string format writes ordinary base 64 without padding.
std::string to_base64(std::span<const std::byte> bytes) {
  std::string text = to_base64url(bytes);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  return text;
}

std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
  std::string url(text);
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  return from_base64url(url);
}

struct Stored {
  Cost cost;
  std::vector<std::byte> salt;
  std::vector<std::byte> hash;
};

/// `name=number` up to `most`.
std::optional<std::uint32_t> parse_cost(std::string_view text, std::string_view name,
                                        std::uint32_t most) {
  if (!text.starts_with(name)) return std::nullopt;
  const auto number = parse_int(text.substr(name.size()));
  if (!number || *number < 1 || *number > most) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

/// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`
std::optional<Stored> parse_stored(std::string_view text) {
  const auto parts = split(text, '$');
  if (parts.size() != 6 || parts[1] != "argon2id" || parts[2] != "v=19") return std::nullopt;
  const auto costs = split(parts[3], ',');
  if (costs.size() != 3) return std::nullopt;
  const auto memory = parse_cost(costs[0], "m=", k_most.memory_kib);
  const auto iterations = parse_cost(costs[1], "t=", k_most.iterations);
  const auto lanes = parse_cost(costs[2], "p=", k_most.lanes);
  auto salt = from_base64(parts[4]);
  auto hash = from_base64(parts[5]);
  if (!memory || !iterations || !lanes || !salt || !hash) return std::nullopt;
  const bool sizes_fit =
      salt->size() >= 8 && salt->size() <= 64 && hash->size() >= 16 && hash->size() <= 64;
  if (!sizes_fit) return std::nullopt;
  return Stored{{*iterations, *memory, *lanes}, std::move(*salt), std::move(*hash)};
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<std::string> hash_password(std::string_view password, Random& random) {
  std::array<std::byte, k_salt_bytes> salt;
  random.fill(salt);
  std::array<std::uint8_t, k_hash_bytes> hash{};
  const Cost cost;
  const int status = derive(password, salt, cost, hash);
  if (status != ARGON2_OK) {
    return fail(ErrorCode::unavailable,
                std::string("argon2 refused: ") + argon2_error_message(status));
  }
  return fmt::format("$argon2id$v=19$m={},t={},p={}${}${}", cost.memory_kib, cost.iterations,
                     cost.lanes, to_base64(salt), to_base64(std::as_bytes(std::span(hash))));
}

bool verify_password(std::string_view password, const std::string& hash) {
  const auto stored = parse_stored(hash);
  if (!stored) return false;
  std::vector<std::uint8_t> derived(stored->hash.size());
  if (derive(password, stored->salt, stored->cost, derived) != ARGON2_OK) return false;
  return constant_time_equals(as_text(std::as_bytes(std::span(derived))), as_text(stored->hash));
}

}  // namespace shoal::catalog
