# Flags every target of the project gets. clang-19 is the one supported compiler (docs/decisions).
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "Shoal is built with clang 19 or later; use a preset: cmake --preset dev")
endif()

add_library(shoal_flags INTERFACE)
target_compile_options(shoal_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wimplicit-fallthrough -Wnull-dereference -Werror
  -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_definitions(shoal_flags INTERFACE
  _GLIBCXX_ASSERTIONS BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION SHOAL_VERSION="${PROJECT_VERSION}"
  # A request runs in about eight nested coroutines: their frames are used again.
  BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8)
target_link_options(shoal_flags INTERFACE -fuse-ld=lld)

# Full debug info triples the compile time of coroutine code; line tables are enough for a backtrace.
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -gline-tables-only")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

if(SHOAL_SANITIZE)
  target_compile_options(shoal_flags INTERFACE -fsanitize=${SHOAL_SANITIZE}
    -fno-sanitize-recover=all -O1)
  target_link_options(shoal_flags INTERFACE -fsanitize=${SHOAL_SANITIZE})
  # The frame recycler hides use-after-free of coroutine frames from ASan.
  target_compile_definitions(shoal_flags INTERFACE BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
endif()

if(SHOAL_FUZZ)
  target_compile_options(shoal_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# A precompiled header is only reusable from ccache when its timestamps are left out.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Xclang> $<$<COMPILE_LANGUAGE:CXX>:-fno-pch-timestamp>)
