#include "tests/support/volatile_file_system.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

namespace shoal::tests {

using io::Path;

namespace {

constexpr std::size_t k_sector = 512;

using Bytes = std::vector<std::byte>;

/// A write, or a truncation to `offset` when there are no bytes.
struct Change {
  std::uint64_t offset = 0;
  Bytes bytes;
  bool is_truncation = false;
};

void apply(Bytes& content, std::uint64_t offset, std::span<const std::byte> bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
  std::ranges::copy(bytes, content.begin() + static_cast<std::ptrdiff_t>(offset));
}

struct Node {
  explicit Node(bool directory) : is_directory(directory) {}
  const bool is_directory;

  Bytes content;
  Bytes durable;
  std::vector<Change> unsynced;

  using Names = std::map<std::string, std::shared_ptr<Node>>;
  Names names;
  Names durable_names;
};
using NodePtr = std::shared_ptr<Node>;

/// What one system call did to folders: each part sets a name, or removes it where `node` is null.
struct Operation {
  struct Part {
    NodePtr directory;
    std::string name;
    NodePtr node;
  };
  std::vector<Part> parts;
};

void set_name(Node::Names& names, const std::string& name, const NodePtr& node) {
  if (node) {
    names[name] = node;
  } else {
    names.erase(name);
  }
}

void tear(Node& file, Random& random) {
  for (const auto& change : file.unsynced) {
    if (change.is_truncation) {
      if (random.below(2) == 0) file.durable.resize(change.offset);
      continue;
    }
    for (std::size_t done = 0; done < change.bytes.size();) {
      const auto at = change.offset + done;
      const auto piece =
          std::min<std::size_t>(k_sector - at % k_sector, change.bytes.size() - done);
      if (random.below(2) == 0)
        apply(file.durable, at, std::span(change.bytes).subspan(done, piece));
      done += piece;
    }
  }
}

}  // namespace

struct VolatileFileSystem::State {
  explicit State(Path path) : root_path(std::move(path)), root(std::make_shared<Node>(true)) {}

  /// Where a path leads: its folder, its name there, and what is there now.
  struct Place {
    NodePtr directory;
    std::string name;
    NodePtr node;
  };

  Result<Place> find(const Path& path) const {
    if (off) return fail(ErrorCode::unavailable, "the power is off");
    const auto relative = path.lexically_normal().lexically_relative(root_path);
    if (relative.empty() || *relative.begin() == "..")
      return fail(ErrorCode::not_found, path.string() + " is not on this disk");
    Place place{nullptr, {}, root};
    for (const auto& part : relative) {
      if (part == "." || part.empty()) continue;
      if (!place.node || !place.node->is_directory)
        return fail(ErrorCode::not_found, "there is no " + path.string());
      const auto found = place.node->names.find(part.string());
      const auto next = found == place.node->names.end() ? nullptr : found->second;
      place = {place.node, part.string(), next};
    }
    return place;
  }

  Result<Place> find_existing(const Path& path) const {
    TRY(auto place, find(path));
    if (!place.node) return fail(ErrorCode::not_found, "there is no " + path.string());
    return place;
  }

  /// Counts a mutation and lets the planned faults happen.
  Result<> mutate() {
    if (off) return fail(ErrorCode::unavailable, "the power is off");
    ++count;
    if (count == cut_at) {
      off = true;
      return fail(ErrorCode::unavailable, "the power went off");
    }
    if (count == fail_at || (fail_for_good && fail_at != 0 && count > fail_at))
      return fail(fail_code, "the disk failed as planned");
    if (read_only) return fail(ErrorCode::unavailable, "the disk is read-only");
    return {};
  }

  void record(Operation operation) {
    for (const auto& part : operation.parts) set_name(part.directory->names, part.name, part.node);
    pending.push_back(std::move(operation));
  }

  void sync_names(const NodePtr& directory) {
    for (auto& operation : pending) {
      std::erase_if(operation.parts, [&](const Operation::Part& part) {
        if (part.directory != directory) return false;
        set_name(directory->durable_names, part.name, part.node);
        return true;
      });
    }
    std::erase_if(pending, [](const Operation& operation) { return operation.parts.empty(); });
  }

  /// Everything a folder or one of its names leads to, durably or not.
  static void collect(const NodePtr& node, std::set<NodePtr>& all) {
    if (!node || !all.insert(node).second) return;
    for (const auto& [name, child] : node->names) collect(child, all);
    for (const auto& [name, child] : node->durable_names) collect(child, all);
  }

  std::uint64_t used() const {
    std::set<NodePtr> all;
    collect(root, all);
    std::uint64_t bytes = 0;
    for (const auto& node : all) bytes += node->content.size();
    return bytes;
  }

  const Path root_path;
  mutable std::mutex mutex;
  NodePtr root;
  std::vector<Operation> pending;
  std::uint64_t count = 0;
  std::uint64_t fail_at = 0;
  std::uint64_t cut_at = 0;
  ErrorCode fail_code = ErrorCode::unavailable;
  bool fail_for_good = false;
  bool off = false;
  bool read_only = false;
  std::uint64_t capacity = UINT64_MAX;
  std::uint64_t boots = 0;
};

class VolatileFileSystem::OpenFile final : public io::File {
 public:
  OpenFile(std::shared_ptr<State> state, NodePtr node)
      : state_(std::move(state)), node_(std::move(node)), boot_(state_->boots) {}

  Result<> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(state_->mutex);
    TRY_VOID(check());
    const auto mutated = state_->mutate();
    // What the power cut interrupts may have reached the disk in part: restart() decides.
    if (!mutated && !state_->off) return mutated;
    const auto end = offset + bytes.size();
    const auto growth = end > node_->content.size() ? end - node_->content.size() : 0;
    if (growth > 0 && state_->capacity != UINT64_MAX && state_->used() + growth > state_->capacity)
      return fail(ErrorCode::unavailable, std::string(k_disk_full));
    apply(node_->content, offset, bytes);
    node_->unsynced.push_back({offset, Bytes(bytes.begin(), bytes.end()), false});
    return mutated;
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    const std::lock_guard lock(state_->mutex);
    TRY_VOID(check());
    if (offset >= node_->content.size()) return 0;
    const auto count = std::min<std::uint64_t>(out.size(), node_->content.size() - offset);
    std::memcpy(out.data(), node_->content.data() + offset, count);
    return count;
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock(state_->mutex);
    TRY_VOID(check());
    return node_->content.size();
  }

  Result<> truncate(std::uint64_t size) override {
    const std::lock_guard lock(state_->mutex);
    TRY_VOID(check());
    TRY_VOID(state_->mutate());
    node_->content.resize(size);
    node_->unsynced.push_back({size, {}, true});
    return {};
  }

  Result<> sync() override {
    const std::lock_guard lock(state_->mutex);
    TRY_VOID(check());
    const auto mutated = state_->mutate();
    if (state_->off) return mutated;
    // What a failed sync forgot is not written by the next one: its pages count as clean.
    if (mutated) {
      for (const auto& change : node_->unsynced) {
        if (change.is_truncation) {
          node_->durable.resize(change.offset);
        } else {
          apply(node_->durable, change.offset, change.bytes);
        }
      }
    }
    node_->unsynced.clear();
    return mutated;
  }

  int descriptor() const override { return -1; }

 private:
  Result<> check() const {
    if (state_->off || state_->boots != boot_)
      return fail(ErrorCode::unavailable, "the power went off since the file was opened");
    return {};
  }

  std::shared_ptr<State> state_;
  NodePtr node_;
  const std::uint64_t boot_;
};

VolatileFileSystem::VolatileFileSystem(Path root)
    : state_(std::make_shared<State>(std::move(root))) {}
VolatileFileSystem::~VolatileFileSystem() = default;

const Path& VolatileFileSystem::root() const {
  return state_->root_path;
}

std::uint64_t VolatileFileSystem::operations() const {
  const std::lock_guard lock(state_->mutex);
  return state_->count;
}

void VolatileFileSystem::fail_operation(std::uint64_t nth, ErrorCode code, bool for_good) {
  const std::lock_guard lock(state_->mutex);
  state_->fail_at = state_->count + nth;
  state_->fail_code = code;
  state_->fail_for_good = for_good;
}

void VolatileFileSystem::cut_power_at(std::uint64_t nth) {
  const std::lock_guard lock(state_->mutex);
  state_->cut_at = state_->count + nth;
}

bool VolatileFileSystem::power_is_off() const {
  const std::lock_guard lock(state_->mutex);
  return state_->off;
}

void VolatileFileSystem::restart(Random* random) {
  const std::lock_guard lock(state_->mutex);
  if (random != nullptr) {
    for (const auto& operation : state_->pending) {
      if (random->below(2) != 0) continue;
      for (const auto& part : operation.parts)
        set_name(part.directory->durable_names, part.name, part.node);
    }
  }
  state_->pending.clear();
  std::set<NodePtr> all;
  State::collect(state_->root, all);
  for (const auto& node : all) {
    if (random != nullptr) tear(*node, *random);
    node->unsynced.clear();
    node->content = node->durable;
    node->names = node->durable_names;
  }
  state_->off = false;
  state_->cut_at = 0;
  state_->fail_at = 0;
  ++state_->boots;
}

void VolatileFileSystem::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->capacity = bytes;
}

void VolatileFileSystem::set_read_only(bool read_only) {
  const std::lock_guard lock(state_->mutex);
  state_->read_only = read_only;
}

void VolatileFileSystem::corrupt(const Path& path, std::uint64_t offset) {
  const std::lock_guard lock(state_->mutex);
  const auto place = state_->find_existing(path);
  if (!place) return;
  for (auto* content : {&place->node->content, &place->node->durable})
    if (offset < content->size()) (*content)[offset] ^= std::byte{1};
}

Result<std::unique_ptr<io::File>> VolatileFileSystem::open(const Path& path, io::OpenMode mode) {
  const std::lock_guard lock(state_->mutex);
  TRY(auto place, state_->find(path));
  if (place.node && place.node->is_directory)
    return fail(ErrorCode::invalid, path.string() + " is not a file");
  if (place.node && mode == io::OpenMode::create_new)
    return fail(ErrorCode::conflict, path.string() + " exists");
  if (!place.node) {
    if (mode == io::OpenMode::read || mode == io::OpenMode::write)
      return fail(ErrorCode::not_found, "there is no " + path.string());
    TRY_VOID(state_->mutate());
    place.node = std::make_shared<Node>(false);
    state_->record({{{place.directory, place.name, place.node}}});
  }
  return std::make_unique<OpenFile>(state_, place.node);
}

Result<io::FileStatus> VolatileFileSystem::status(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  TRY(const auto place, state_->find_existing(path));
  return io::FileStatus{.size = place.node->content.size(),
                        .modified = UtcTime{Milliseconds{1'700'000'000'000}},
                        .is_directory = place.node->is_directory};
}

Result<> VolatileFileSystem::rename(const Path& from, const Path& to) {
  const std::lock_guard lock(state_->mutex);
  TRY(const auto source, state_->find_existing(from));
  TRY(const auto target, state_->find(to));
  if (!source.directory || !target.directory)
    return fail(ErrorCode::invalid, "the root folder stays where it is");
  if (target.node && target.node->is_directory && !target.node->names.empty())
    return fail(ErrorCode::conflict, to.string() + " is not empty");
  TRY_VOID(state_->mutate());
  if (source.node == target.node) return {};
  state_->record(
      {{{source.directory, source.name, nullptr}, {target.directory, target.name, source.node}}});
  return {};
}

Result<> VolatileFileSystem::link(const Path& from, const Path& to) {
  const std::lock_guard lock(state_->mutex);
  TRY(const auto source, state_->find_existing(from));
  TRY(const auto target, state_->find(to));
  if (target.node) return fail(ErrorCode::conflict, to.string() + " exists");
  TRY_VOID(state_->mutate());
  state_->record({{{target.directory, target.name, source.node}}});
  return {};
}

Result<> VolatileFileSystem::remove(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  TRY(const auto place, state_->find_existing(path));
  if (!place.directory || (place.node->is_directory && !place.node->names.empty()))
    return fail(ErrorCode::conflict, path.string() + " is not empty");
  TRY_VOID(state_->mutate());
  state_->record({{{place.directory, place.name, nullptr}}});
  return {};
}

Result<> VolatileFileSystem::create_directories(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  TRY_VOID(state_->find(state_->root_path));
  const auto relative = path.lexically_normal().lexically_relative(state_->root_path);
  auto node = state_->root;
  for (const auto& part : relative) {
    if (part == "." || part.empty()) continue;
    auto child = node->names[part.string()];
    if (!child) {
      node->names.erase(part.string());
      TRY_VOID(state_->mutate());
      child = std::make_shared<Node>(true);
      state_->record({{{node, part.string(), child}}});
      state_->sync_names(node);
    }
    if (!child->is_directory) return fail(ErrorCode::conflict, path.string() + " is a file");
    node = child;
  }
  return {};
}

Result<> VolatileFileSystem::remove_all(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  TRY(const auto place, state_->find(path));
  if (!place.node) return {};
  TRY_VOID(state_->mutate());
  // Each name goes on its own: the power may fail anywhere in between.
  const auto clear = [this](const auto& self, const NodePtr& directory) -> void {
    for (const auto& [name, child] : Node::Names(directory->names)) {
      if (child->is_directory) self(self, child);
      state_->record({{{directory, name, nullptr}}});
    }
  };
  if (place.node->is_directory) clear(clear, place.node);
  if (place.directory) state_->record({{{place.directory, place.name, nullptr}}});
  return {};
}

Result<std::vector<std::string>> VolatileFileSystem::list(const Path& directory) {
  const std::lock_guard lock(state_->mutex);
  TRY(const auto place, state_->find_existing(directory));
  if (!place.node->is_directory)
    return fail(ErrorCode::not_found, directory.string() + " is not a folder");
  std::vector<std::string> names;
  for (const auto& [name, child] : place.node->names) names.push_back(name);
  return names;
}

Result<> VolatileFileSystem::sync_directory(const Path& directory) {
  const std::lock_guard lock(state_->mutex);
  TRY(const auto place, state_->find_existing(directory));
  TRY_VOID(state_->mutate());
  state_->sync_names(place.node);
  return {};
}

Result<std::uint64_t> VolatileFileSystem::free_bytes(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  TRY_VOID(state_->find_existing(path));
  constexpr std::uint64_t k_large = 1ULL << 40;
  const auto capacity = std::min(state_->capacity, k_large);
  return capacity - std::min(capacity, state_->used());
}

}  // namespace shoal::tests
