#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace shoal {

/// What the caller can do about a failure. One table (api/error_mapping) turns these into HTTP.
enum class ErrorCode {
  invalid,       ///< the input is wrong; asking again the same way cannot succeed
  unauthorized,  ///< who is asking is unknown
  not_found,     ///< it does not exist (or the asker may not know that it does)
  forbidden,     ///< it exists, the asker is known and may not
  conflict,      ///< the state changed under the asker, or is already so
  too_large,     ///< over a size or a quota
  full,          ///< no room is left where it is to be stored; try later
  busy,          ///< a bound of ours is reached; try later
  unavailable,   ///< something we depend on is away; try later
  corrupt,       ///< stored or received bytes are not what they claim to be
  timeout,       ///< the other side did not answer in time
  unsupported,   ///< understood, but this program does not do it
  internal,      ///< a defect of ours
};

std::string_view to_string(ErrorCode code);

/// An expected failure. `message` is a full sentence for whoever reads the log or the answer; it
/// never holds a secret. Immutable value, any thread.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
};

/// What may fail returns one; clang-tidy refuses a dropped one (bugprone-unused-return-value).
template <class T = void>
using Result = std::expected<T, Error>;

/// `return fail(ErrorCode::invalid, "…")` in a function that returns any Result.
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace shoal

#define SHOAL_CONCAT_INNER(a, b) a##b
#define SHOAL_CONCAT(a, b) SHOAL_CONCAT_INNER(a, b)
#define SHOAL_TRY_IMPL(result, declaration, expression, ret)   \
  auto result = (expression);                                  \
  if (!result) ret std::unexpected(std::move(result).error()); \
  declaration = *std::move(result)
#define SHOAL_CHECK_RESULT_IMPL(result, expression, ret) \
  if (auto result = (expression); !result) ret std::unexpected(std::move(result).error())

/// `TRY(auto file, open(path));` returns the error to the caller, or declares `file`.
#define TRY(declaration, ...) \
  SHOAL_TRY_IMPL(SHOAL_CONCAT(try_result_, __LINE__), declaration, (__VA_ARGS__), return)
/// The same for a Result<void>, or where the value is not needed.
#define TRY_VOID(...) \
  SHOAL_CHECK_RESULT_IMPL(SHOAL_CONCAT(try_result_, __LINE__), (__VA_ARGS__), return)
/// The two for coroutines: `CO_TRY(auto row, co_await find(id));`
#define CO_TRY(declaration, ...) \
  SHOAL_TRY_IMPL(SHOAL_CONCAT(try_result_, __LINE__), declaration, (__VA_ARGS__), co_return)
#define CO_TRY_VOID(...) \
  SHOAL_CHECK_RESULT_IMPL(SHOAL_CONCAT(try_result_, __LINE__), (__VA_ARGS__), co_return)
