#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config/document.h"
#include "base/config/key.h"

namespace shoal::config {

/// Writes the document's values into the schema's targets. What does not fit is left as it was and
/// becomes a problem that says how to mend it. Later documents win: file first, then environment.
std::vector<Problem> apply(const Schema& schema, const Document& document);

/// Sets one key from text, as the environment does. Empty when done, else what is wrong.
std::string set_value(const Key& key, const std::vector<std::string>& values, bool is_list);

/// The whole configuration as YAML with every key, secrets as '***'. What is still the default
/// (`defaults`: the same schema over an untouched struct) is marked so.
std::string show(const Schema& schema, const Schema& defaults);

/// The reference page (Markdown): one table per section, made from the schema alone.
std::string reference(const Schema& schema);

/// SHOAL__WEBSERVER__PORT of "webserver.port".
std::string environment_name(std::string_view path);

}  // namespace shoal::config
