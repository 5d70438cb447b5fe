#pragma once

#include "storage/file_kind.h"

namespace shoal::storage {

/// Who may have been told where an object is. The numbers are stored; a larger one is more.
enum class Exposure : int {
  closed = 0,       ///< nobody but who may see the video
  signed_urls = 1,  ///< anybody, by URLs that end soon
  address = 2,      ///< anybody: the object itself is open to all
};

/// Whether viewers are ever sent to the store for a file of this kind.
constexpr bool may_be_exposed(FileKind kind) {
  return kind == FileKind::rendition || kind == FileKind::running_work ||
         kind == FileKind::running_init;
}

/// What an object's exposure should be in a store that exposes open media so.
constexpr Exposure wanted_exposure(FileKind kind, bool is_open_to_all, Exposure of_store) {
  return is_open_to_all && may_be_exposed(kind) ? of_store : Exposure::closed;
}

/// What is open may be more open than its store is now: it is closed with its video.
constexpr bool is_settled(Exposure current, Exposure wanted) {
  return wanted == Exposure::closed ? current == Exposure::closed : current >= wanted;
}

}  // namespace shoal::storage
