# How a room of the house becomes a target: one line per room, so that a wrong arrow does not link.

# -ffp-contract=off: a product and a sum that the source keeps apart stay apart, so that the same numbers come out of
# every compiler and of every SIMD target that does not ask for a fused multiply-add by name.
# GCC 12 sees overlaps in std::string's own copying that are none; later ones take a reference to what a function keeps
# for the next call for one to its arguments.
add_library(convscope_options INTERFACE)
target_compile_options(convscope_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough -ffp-contract=off
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,13>>:-Wno-dangling-reference>
  $<$<BOOL:${CONVSCOPE_WARNINGS_AS_ERRORS}>:-Werror>)
target_include_directories(convscope_options INTERFACE ${CMAKE_SOURCE_DIR})

# convscope_room(NAME SOURCES a.cpp ... [USES targets ...] [PRIVATE_USES targets ...])
function(convscope_room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "" "" "SOURCES;USES;PRIVATE_USES")
  add_library(convscope_${name} STATIC ${room_SOURCES})
  target_link_libraries(convscope_${name}
    PUBLIC convscope_options ${room_USES}
    PRIVATE ${room_PRIVATE_USES})
endfunction()

# convscope_test(NAME SOURCES a.cpp ... USES targets ... [LABELS ...]): a GoogleTest program of one room.
function(convscope_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "" "SOURCES;USES;LABELS;ENVIRONMENT")
  add_executable(test_${name} ${test_SOURCES})
  target_link_libraries(test_${name} PRIVATE convscope_options ${test_USES} GTest::gtest_main GTest::gmock)
  target_compile_definitions(test_${name} PRIVATE
    CONVSCOPE_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    CONVSCOPE_BINARY="$<IF:$<TARGET_EXISTS:convscope>,${CMAKE_BINARY_DIR}/convscope,>")
  include(GoogleTest)
  if(NOT test_LABELS)
    set(test_LABELS ${name})
  endif()
  # A property without a value is left out: it would take the next property's name for its value.
  set(properties TIMEOUT 300 LABELS ${test_LABELS})
  if(test_ENVIRONMENT)
    list(APPEND properties ENVIRONMENT "${test_ENVIRONMENT}")
  endif()
  gtest_discover_tests(test_${name}
    TEST_PREFIX "${name}."
    DISCOVERY_TIMEOUT 60
    PROPERTIES ${properties})
endfunction()
