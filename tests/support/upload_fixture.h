#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/check.h"
#include "db/database.h"
#include "io/runtime.h"
#include "storage/uploads/upload_staging.h"

namespace shoal::tests {

/// Runs a task to its end on `runtime` and returns its value.
template <class T>
T wait(io::Runtime& runtime, io::Task<T> task) {
  std::optional<T> result;
  runtime.run_until_done([](io::Task<T> inner, std::optional<T>& out) -> io::Task<> {
    out.emplace(co_await std::move(inner));
  }(std::move(task), result));
  return std::move(*result);
}

/// Byte i of every test upload depends on i alone, so any range can be checked.
inline std::string bytes_of(std::uint64_t from, std::uint64_t length) {
  std::string bytes(length, '\0');
  for (std::uint64_t i = 0; i < length; ++i) {
    const std::uint64_t at = from + i;
    bytes[i] = static_cast<char>((at * 2654435761u) >> 13);
  }
  return bytes;
}

struct Uploader {
  UserId id;
  ChannelId channel;
};

/// The rows that an upload refers to, without the catalogue's rules.
inline Uploader add_uploader(db::Database& database, const std::string& name) {
  const auto added = database.write_blocking([&](db::Session& session) -> Result<Uploader> {
    const auto actor = [&](int kind, const std::string& username) {
      return session.insert(
          "insert into actor (kind, preferred_username, username_key, url, created_at,"
          " updated_at) values (:kind, :name, :key, :url, 1, 1) returning id",
          {kind, username, username, "http://localhost/" + username});
    };
    const auto user = session.insert(
        "insert into users (username, email, password_hash, role, video_quota,"
        " video_quota_daily, preferences, created_at, updated_at) values (:name, :email, '-',"
        " 2, -1, -1, '{}', 1, 1) returning id",
        {name, name + "@localhost"});
    const auto account = session.insert(
        "insert into account (actor_id, user_id, display_name, created_at, updated_at)"
        " values (:actor, :user, :name, 1, 1) returning id",
        {actor(1, name), user, name});
    const auto channel = session.insert(
        "insert into channel (actor_id, account_id, display_name, created_at, updated_at)"
        " values (:actor, :account, :name, 1, 1) returning id",
        {actor(2, name + "_channel"), account, name});
    return Uploader{UserId{user}, ChannelId{channel}};
  });
  SHOAL_CHECK(added.has_value());
  return *added;
}

inline storage::NewUpload announce(const Uploader& user, std::uint64_t total) {
  storage::NewUpload upload;
  upload.user = user.id;
  upload.channel = user.channel;
  upload.filename = "clip.mp4";
  upload.content_type = "video/mp4";
  upload.total = total;
  return upload;
}

struct PullState {
  std::string bytes;
  std::size_t at = 0;
  bool breaks = false;                  ///< the peer goes away instead of an end
  std::size_t watch_at = 0;             ///< when so much was pulled …
  std::function<io::Task<>()> watcher;  ///< … this runs once
};

inline io::Task<Result<std::size_t>> pull_some(std::shared_ptr<PullState> state,
                                               std::span<std::byte> out) {
  if (state->watcher && state->at >= state->watch_at) {
    co_await std::exchange(state->watcher, nullptr)();
  }
  // Odd sizes, as a network gives them.
  const std::size_t count =
      std::min({out.size(), state->bytes.size() - state->at, std::size_t{77'777}});
  if (count == 0 && state->breaks) co_return fail(ErrorCode::unavailable, "the peer is gone");
  const auto* from = reinterpret_cast<const std::byte*>(state->bytes.data()) + state->at;
  std::copy(from, from + count, out.begin());
  state->at += count;
  co_return count;
}

inline storage::PullBytes pull_from(std::shared_ptr<PullState> state) {
  return [state = std::move(state)](std::span<std::byte> out) { return pull_some(state, out); };
}
inline storage::PullBytes pull(std::string bytes) {
  return pull_from(std::make_shared<PullState>(PullState{std::move(bytes), 0, false, 0, nullptr}));
}
inline storage::PullBytes pull_then_break(std::string bytes) {
  return pull_from(std::make_shared<PullState>(PullState{std::move(bytes), 0, true, 0, nullptr}));
}
inline storage::PullBytes pull_and_watch(std::string bytes, std::size_t at,
                                         std::function<io::Task<>()> watcher) {
  return pull_from(
      std::make_shared<PullState>(PullState{std::move(bytes), 0, false, at, std::move(watcher)}));
}

}  // namespace shoal::tests
