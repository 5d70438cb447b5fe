#include "app/web_folder.h"

namespace shoal::app {

namespace fs = std::filesystem;

std::string find_web_folder(const fs::path& program) {
  const auto bin = program.parent_path();
  for (const auto& folder :
       {bin.parent_path() / "share/shoal/web", bin.parent_path().parent_path() / "web/dist"}) {
    std::error_code ignored;
    if (fs::is_regular_file(folder / "index.html", ignored)) return folder.string();
  }
  return {};
}

std::string find_web_folder() {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  return error ? std::string() : find_web_folder(program);
}

}  // namespace shoal::app
