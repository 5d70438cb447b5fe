#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "api/core/fields.h"
#include "catalog/videos.h"

namespace shoal::api {

/// The attributes of a new video, from a form, a JSON body or a kept upload session. What is
/// refused is noted in `body`; the result counts only when body.check() passes.
struct UploadAttributes {
  std::int64_t channel = 0;
  catalog::VideoAttributes video;
};
UploadAttributes read_upload_attributes(Fields& body);

/// What an update names. `channel` is 0 when it does not name one.
struct UpdateAttributes {
  std::int64_t channel = 0;
  catalog::VideoChanges changes;
};
UpdateAttributes read_update_attributes(Fields& body);

/// `videoPasswords`: at least one when `required`.
std::vector<std::string> read_video_passwords(Fields& body, std::string_view name, bool required);

/// To and from the JSON that an upload session keeps until its last byte is there.
boost::json::object to_json(const UploadAttributes& attributes);
UploadAttributes from_json(const boost::json::object& json);

}  // namespace shoal::api
