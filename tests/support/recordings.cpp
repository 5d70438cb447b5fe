#include "tests/support/recordings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace shoal::tests {
namespace {

namespace json = boost::json;

std::string_view kind_name(const json::value& value) {
  if (value.is_number()) return "number";
  if (value.is_string()) return "string";
  if (value.is_bool()) return "boolean";
  if (value.is_array()) return "array";
  return value.is_object() ? "object" : "null";
}

void compare(const std::string& path, const json::value& recorded, const json::value& ours,
             const std::vector<std::string>& ignore, std::vector<std::string>& out) {
  if (std::ranges::find(ignore, path) != ignore.end()) return;
  if (recorded.is_null() || ours.is_null()) return;
  if (kind_name(recorded) != kind_name(ours)) {
    out.push_back(path + " is " + std::string(kind_name(ours)) + ", recorded " +
                  std::string(kind_name(recorded)));
    return;
  }
  if (recorded.is_array() && !recorded.as_array().empty() && !ours.as_array().empty()) {
    compare(path + "[]", recorded.as_array().front(), ours.as_array().front(), ignore, out);
  }
  if (!recorded.is_object()) return;
  for (const auto& member : recorded.as_object()) {
    const std::string inner = (path.empty() ? "" : path + ".") + std::string(member.key());
    if (std::ranges::find(ignore, inner) != ignore.end()) continue;
    const json::value* found = ours.as_object().if_contains(member.key());
    if (found == nullptr) {
      out.push_back(inner + " is missing");
    } else {
      compare(inner, member.value(), *found, ignore, out);
    }
  }
}

}  // namespace

Recording recording(std::string_view name) {
  const std::string path =
      std::string(SHOAL_RECORDINGS) + "/rest/" + std::string(name) + ".http.json";
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const json::value value = json::parse(text);
  const json::object& response = value.at("response").as_object();
  Recording result;
  result.status = static_cast<int>(response.at("status").as_int64());
  result.headers = response.at("headers").as_object();
  result.body = response.at("body");
  return result;
}

std::vector<std::string> shape_differences(const json::value& recorded, const json::value& ours,
                                           const std::vector<std::string>& ignore) {
  std::vector<std::string> out;
  compare("", recorded, ours, ignore, out);
  return out;
}

}  // namespace shoal::tests
