#include "app/sharing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/store_schema.h"

namespace shoal::app {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

StoreConfig store_called(std::string name, std::string type) {
  StoreConfig store;
  store.name = std::move(name);
  store.type = std::move(type);
  return store;
}

Config all_in(const std::string& store) {
  Config config;
  config.stores.push_back(store_called("bucket", "s3"));
  for (const HomeKey& home : k_homes) config.homes.*home.home = store;
  return config;
}

TEST(Sharing, every_home_on_the_local_disk_is_named_by_its_key) {
  const Config local = all_in(std::string(k_local_store));
  const Config shared = all_in("bucket");
  for (const HomeKey& home : k_homes) {
    const auto key = HasSubstr(fmt::format("homes.{}", home.kind));
    EXPECT_THAT(what_is_unshared(local), Contains(key));
    EXPECT_THAT(what_is_unshared(shared), Not(Contains(key)));
    Config mixed = shared;
    mixed.homes.*home.home = k_local_store;
    EXPECT_THAT(what_is_unshared(mixed), Contains(key));
  }
}

TEST(Sharing, a_store_that_is_a_folder_is_one_machines_whether_a_home_or_not) {
  Config config = all_in("bucket");
  config.stores.push_back(store_called("archive", "local"));
  EXPECT_THAT(what_is_unshared(config), Contains(HasSubstr("stores.archive")));
  EXPECT_THAT(what_is_unshared(config), Not(Contains(HasSubstr("stores.bucket"))));
}

TEST(Sharing, with_all_homes_in_buckets_nothing_is_of_one_machine) {
  EXPECT_THAT(what_is_unshared(all_in("bucket")), testing::IsEmpty());
}

}  // namespace
}  // namespace shoal::app
