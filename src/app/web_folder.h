#pragma once

#include <filesystem>
#include <string>

namespace shoal::app {

/// Where the built web client lies for a program at `program`: beside it as the package installs it
/// (bin/shoal, share/shoal/web), or in the checkout it was built in (build/PRESET/shoal, web/dist).
/// Empty where neither holds an index.html: no pages are served then.
std::string find_web_folder(const std::filesystem::path& program);
/// The same for the running program.
std::string find_web_folder();

}  // namespace shoal::app
