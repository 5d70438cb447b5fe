#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::tests {

/// A recorded exchange with PeerTube 6.3 (tests/recordings/rest/<name>.http.json).
struct Recording {
  int status = 0;
  boost::json::object headers;
  boost::json::value body;
};
Recording recording(std::string_view name);

/// What our answer lacks or has in another type, one line each: keys of objects, kinds of values
/// (null fits everything), the first element of arrays. More keys than recorded are fine. `ignore`
/// holds paths such as "data[].notificationSettings".
std::vector<std::string> shape_differences(const boost::json::value& recorded,
                                           const boost::json::value& ours,
                                           const std::vector<std::string>& ignore = {});

}  // namespace shoal::tests
