# shoal_module(NAME room [ONE_PROCESS] [SOURCES ...] [DEPS rooms...] [LIBS ...] [TESTS ...]
#              [TEST_DEPS ...])
#
# ONE_PROCESS runs all tests of the room in one process: for those that start a PostgreSQL, once.
# One folder = one static library `shoal_<room>` = one test binary `shoal_<room>_test`.
# DEPS are rooms (checked against DESIGN's table by tests/tidy), LIBS third-party targets.
add_library(shoal_boost STATIC ${PROJECT_SOURCE_DIR}/cmake/boost_impl.cpp)
target_link_libraries(shoal_boost PUBLIC shoal_flags Boost::headers OpenSSL::SSL Threads::Threads)

add_library(shoal_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
target_precompile_headers(shoal_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)
target_link_libraries(shoal_pch PRIVATE shoal_flags fmt::fmt Boost::json)

if(SHOAL_TESTS)
  add_library(shoal_test_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
  target_precompile_headers(shoal_test_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/test_pch.h)
  target_link_libraries(shoal_test_pch PRIVATE shoal_flags fmt::fmt Boost::json GTest::gtest GTest::gmock)
endif()

# A precompiled header holds absolute paths, so its bytes differ from checkout to checkout. ccache takes
# this sum for it instead: what it was made of. One cache then serves every checkout on a machine.
function(shoal_sum_pch target header)
  file(SHA256 ${PROJECT_SOURCE_DIR}/cmake/${header} text_sum)
  string(SHA256 sum "${text_sum} ${CMAKE_CXX_COMPILER_VERSION} ${Boost_VERSION_STRING} ${fmt_VERSION} ${GTest_VERSION}")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.pch.sum
    CONTENT "${sum}\n")
endfunction()
shoal_sum_pch(shoal_pch pch.h)
if(SHOAL_TESTS)
  shoal_sum_pch(shoal_test_pch test_pch.h)
endif()

function(shoal_module)
  cmake_parse_arguments(ARG "ONE_PROCESS" "NAME" "SOURCES;DEPS;LIBS;TESTS;TEST_DEPS" ${ARGN})
  set(target shoal_${ARG_NAME})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  add_library(${target} STATIC ${ARG_SOURCES})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${headers})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  list(TRANSFORM ARG_DEPS PREPEND shoal_ OUTPUT_VARIABLE room_targets)
  target_link_libraries(${target} PUBLIC shoal_flags ${room_targets} ${ARG_LIBS} shoal_boost)
  target_precompile_headers(${target} REUSE_FROM shoal_pch)
  if(SHOAL_TESTS AND ARG_TESTS)
    add_executable(${target}_test ${ARG_TESTS})
    target_precompile_headers(${target}_test REUSE_FROM shoal_test_pch)
    target_link_libraries(${target}_test PRIVATE
      ${target} ${ARG_TEST_DEPS} shoal_test_support GTest::gtest GTest::gmock GTest::gtest_main)
    if(ARG_ONE_PROCESS)
      add_test(NAME ${ARG_NAME}.all COMMAND ${target}_test)
      set_tests_properties(${ARG_NAME}.all PROPERTIES TIMEOUT 1500 LABELS ${ARG_NAME})
    else()
      gtest_discover_tests(${target}_test DISCOVERY_MODE PRE_TEST
        PROPERTIES TIMEOUT 120 LABELS ${ARG_NAME})
    endif()
  endif()
endfunction()
