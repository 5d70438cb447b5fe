#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "delivery/disk_cache/disk_cache.h"

namespace shoal::delivery {
namespace {

constexpr unsigned k_folders = 256;

}  // namespace

void DiskCache::start() {
  tasks_.spawn(look_at_folder());
}

void DiskCache::scan_file(Scan& scan, const io::Path& folder, const std::string& name) const {
  const io::Path path = folder / name;
  if (name.ends_with(".tmp")) {
    std::ignore = services_.files.remove(path);
    return;
  }
  const auto chunk = parse_chunk_name(name);
  if (!chunk || !name.starts_with(folder.filename().string())) return;
  const auto status = services_.files.status(path);
  if (!status) return;
  if (status->size <= ChunkTrailer::k_size || status->size > k_chunk + ChunkTrailer::k_size) {
    std::ignore = services_.files.remove(path);
    return;
  }
  const auto is_newer = [](const Found& a, const Found& b) { return a.modified > b.modified; };
  const auto size = static_cast<std::uint32_t>(status->size - ChunkTrailer::k_size);
  scan.bytes += S3Fifo::cost_of(size);
  scan.heap.push_back({{*chunk, size}, status->modified});
  std::ranges::push_heap(scan.heap, is_newer);
  while (scan.bytes > config_.limit || scan.heap.size() > order_.most()) {
    std::ranges::pop_heap(scan.heap, is_newer);
    const S3Fifo::Kept oldest = scan.heap.back().kept;
    scan.heap.pop_back();
    scan.bytes -= S3Fifo::cost_of(oldest.size);
    std::ignore = services_.files.remove(path_of(oldest.chunk));
  }
}

Result<> DiskCache::scan_folder(Scan& scan, unsigned number) const {
  const io::Path folder = config_.folder / fmt::format("{:02x}", number);
  const auto names = services_.files.list(folder);
  if (!names && names.error().code == ErrorCode::not_found) return {};
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) scan_file(scan, folder, name);
  return {};
}

void DiskCache::take_over(Scan scan) {
  std::ranges::sort(scan.heap, {}, &Found::modified);
  const std::scoped_lock lock(mutex_);
  for (const Found& found : scan.heap) order_.insert_old(found.kept);
  is_ready_ = true;
  show_sizes();
  log::info("the media cache is ready",
            {{"chunks", order_.size()}, {"bytes", order_.bytes()}, {"limit", config_.limit}});
}

io::Task<> DiskCache::look_at_folder() {
  if (config_.limit == 0) {
    const auto removed = co_await services_.offload.run(
        [this]() -> Result<> { return services_.files.remove_all(config_.folder); });
    if (!removed && removed.error().code != ErrorCode::not_found)
      log::warn("the media cache, which is off, cannot be removed",
                {{"error", removed.error().message}});
    co_return;
  }
  Result<> looked = co_await services_.offload.run(
      [this]() -> Result<> { return services_.files.create_directories(config_.folder); });
  // Some files at a time, so that a server that stops does not wait for a large folder.
  const auto scan = std::make_shared<Scan>();
  for (unsigned number = 0; looked && number < k_folders; ++number) {
    looked = co_await services_.offload.run(
        [this, scan, number]() -> Result<> { return scan_folder(*scan, number); });
  }
  if (looked) {
    take_over(std::move(*scan));
  } else {
    log::error("the media cache cannot be read and is off until the next start",
               {{"error", looked.error().message}});
  }
}

}  // namespace shoal::delivery
