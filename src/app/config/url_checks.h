#pragma once

#include <string>
#include <string_view>

namespace shoal::app {

/// Checks of the texts of stores, as in text_checks.h: empty when right, else "is …; give …". An
/// empty text is always right: whether one is needed depends on other keys. Pure.
std::string check_endpoint(std::string_view text);   ///< host[:port][/path], a scheme before or not
std::string check_url(std::string_view text);        ///< http or https; may have a query
std::string check_plain_url(std::string_view text);  ///< without query
std::string check_base_url(std::string_view text);   ///< without query; a weight may follow
std::string check_bucket(std::string_view text);     ///< S3's rules for names of buckets
std::string check_prefix(std::string_view text);     ///< ends with '/'
std::string check_peertube_prefix(std::string_view text);  ///< may hold ':' and end with anything
std::string check_region(std::string_view text);
std::string check_storage_class(std::string_view text);
std::string check_absolute_path(std::string_view text);
std::string check_price(std::string_view text);

}  // namespace shoal::app
