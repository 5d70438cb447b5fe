// What bench/storage.py needs without a server around it.
//   shoal_storage_bench upload FILE KEY   (AWS_*, S3_ENDPOINT, S3_BUCKET in the environment)
// Puts one file into an S3 store and prints {"seconds": …}. The file stays.
//   shoal_storage_bench sums FILE
// Prints what a row of the file records: {"sha256": …, "block_sha256": …, "range_crc32c": …}.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "blob/s3/address.h"
#include "blob/s3_store.h"
#include "io/runtime.h"
#include "storage/files.h"

namespace {

using namespace shoal;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

io::Task<Result<>> upload(blob::S3Store& store, std::string key, io::Path file, double& seconds) {
  CO_TRY_VOID(co_await store.attach({"bench"}));
  const auto started = std::chrono::steady_clock::now();
  const auto done =
      co_await store.put_file(std::move(key), std::move(file), {.content_type = "video/mp4"});
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  co_return done;
}

int print_sums(const char* path) {
  io::PosixFileSystem files;
  const auto sum = storage::checksum_of(files, path);
  if (!sum) {
    fmt::print(stderr, "{}\n", sum.error().message);
    return 1;
  }
  fmt::print(R"({{"sha256": "{}", "block_sha256": "{}", "range_crc32c": "{}"}})", sum->sha256,
             sum->block_sha256, sum->range_crc32c);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "sums") return print_sums(argv[2]);
  if (argc != 4 || std::string_view(argv[1]) != "upload") return 2;
  io::PosixFileSystem files;
  SystemClock clock;
  SystemRandom random;
  Metrics metrics;
  io::Offload disk("disk", 4, 64);
  io::Runtime runtime(io::usable_cores());
  blob::S3StoreConfig config;
  config.client.store = "bench";
  auto address =
      blob::s3::parse_address(environment("S3_ENDPOINT"), environment("S3_BUCKET"), "", true);
  if (!address) return 2;
  config.client.address = *address;
  config.client.credentials = {environment("AWS_ACCESS_KEY_ID"),
                               environment("AWS_SECRET_ACCESS_KEY"), ""};
  if (const auto part = environment("S3_PART_SIZE"); !part.empty())
    config.part_size = std::stoull(part);
  blob::S3Store store(config, {clock, random, metrics, files, disk});
  // A second name, because what is put is taken over.
  const io::Path second = io::Path(argv[2]).string() + ".taken";
  if (!files.link(argv[2], second)) return 1;
  double seconds = 0;
  Result<> done;
  runtime.run_until_done([](io::Task<Result<>> task, Result<>& out) -> io::Task<> {
    out = co_await std::move(task);
  }(upload(store, argv[3], second, seconds), done));
  if (!done) {
    fmt::print(stderr, "{}\n", done.error().message);
    return 1;
  }
  fmt::print("{{\"seconds\": {:.3f}}}\n", seconds);
  return 0;
}
