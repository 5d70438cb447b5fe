#pragma once

#include <string>
#include <string_view>

namespace shoal::app {

/// Checks of single texts for the schema: empty when right, else "is …; give …" (see
/// config::TextCheck). Pure.
std::string check_not_empty(std::string_view text);
std::string check_address(std::string_view text);    ///< IPv4 or IPv6
std::string check_host_name(std::string_view text);  ///< no scheme, port or path
std::string check_proxy(std::string_view text);      ///< address, range or one of Express' words
std::string check_number(std::string_view text);
std::string check_route(std::string_view text);
std::string check_email(std::string_view text);
std::string check_label(std::string_view text);  ///< a word that fits a line of a list, or nothing

}  // namespace shoal::app
