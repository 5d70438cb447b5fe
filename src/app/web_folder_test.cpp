#include "app/web_folder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_directory.h"

namespace shoal::app {
namespace {

TEST(WebFolder, is_found_beside_an_installed_and_a_built_program) {
  const tests::TemporaryDirectory folder;
  const auto& root = folder.path();
  EXPECT_EQ(find_web_folder(root / "build/release/shoal"), "");
  std::filesystem::create_directories(root / "web/dist");
  EXPECT_EQ(find_web_folder(root / "build/release/shoal"), "") << "an empty folder is no client";
  std::ofstream(root / "web/dist/index.html") << "<html>";
  EXPECT_EQ(find_web_folder(root / "build/release/shoal"), (root / "web/dist").string());
  std::filesystem::create_directories(root / "usr/share/shoal/web");
  std::ofstream(root / "usr/share/shoal/web/index.html") << "<html>";
  EXPECT_EQ(find_web_folder(root / "usr/bin/shoal"), (root / "usr/share/shoal/web").string());
}

}  // namespace
}  // namespace shoal::app
