#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/problem.h"
#include "base/clock.h"

namespace shoal::api {

/// Limits of a text field, in code points. `message` is what the answer says when it is refused;
/// empty makes one from the limits. `normalize_empty`: "" counts as null (PeerTube's descriptions).
struct TextRule {
  std::size_t min = 0;
  std::size_t max = 1000;
  std::string_view message{};
  bool normalize_empty = false;
};

/// Reads the fields of a JSON body, form or query, checks them, and collects what is wrong, so that
/// one answer names every bad field and what it accepts:
///
///     Fields body = co_await read_fields(call);
///     const auto name = body.required_text("name", {3, 120});
///     const auto category = body.integer("category", 1, 18);
///     CO_TRY_VOID(body.check());
///
/// Forms are read as JSON of strings, so integers and booleans are accepted as text too ("12",
/// "true"), and "null" is null. Absent, null and refused fields read as nothing; `has` and
/// `is_null` tell them apart. Text is valid UTF-8 without NUL. One thread.
class Fields {
 public:
  Fields(boost::json::object object, std::string location);
  /// The query of a request, or a form: `a[]`, `a[0]`, and repeated `a` are arrays; `a[b]` objects.
  static Fields from(const net::Parameters& parameters, std::string location);

  bool has(std::string_view name) const;
  bool is_null(std::string_view name) const;
  const boost::json::object& object() const { return object_; }

  std::optional<std::string> text(std::string_view name, TextRule rule = {});
  std::string required_text(std::string_view name, TextRule rule = {});
  /// In [min, max].
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max,
                                      std::string_view message = {});
  std::int64_t required_integer(std::string_view name, std::int64_t min, std::int64_t max,
                                std::string_view message = {});
  std::optional<double> real(std::string_view name, double min, double max);
  std::optional<bool> boolean(std::string_view name);
  std::optional<UtcTime> time(std::string_view name);
  /// One of the given words.
  std::optional<std::string> choice(std::string_view name,
                                    std::initializer_list<std::string_view> accepted);
  /// An array (a single value counts as an array of one) of at most `max_count`.
  std::optional<std::vector<std::string>> texts(std::string_view name, std::size_t max_count,
                                                TextRule rule = {});
  std::optional<std::vector<std::int64_t>> integers(std::string_view name, std::size_t max_count,
                                                    std::int64_t min, std::int64_t max);
  /// A nested object; its refused fields are named `outer.inner` once passed to `merge`.
  std::optional<Fields> nested(std::string_view name);
  /// The elements of an array of objects.
  std::optional<std::vector<Fields>> nested_array(std::string_view name, std::size_t max_count);
  void merge(const Fields& nested_fields);

  /// For checks of one's own.
  void refuse(std::string_view name, std::string_view message = "Invalid value");
  bool ok() const { return invalid_.empty(); }
  /// 400 with everything that was refused so far.
  Answer<> check() const;

 private:
  const boost::json::value* find(std::string_view name) const;
  std::optional<std::string> checked_text(std::string_view name, const boost::json::value& value,
                                          const TextRule& rule);
  std::optional<std::int64_t> checked_integer(const boost::json::value& value) const;

  boost::json::object object_;
  std::string location_;
  std::string prefix_;
  std::vector<InvalidParam> invalid_;
};

}  // namespace shoal::api
