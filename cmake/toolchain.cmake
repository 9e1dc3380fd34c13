# Compiler-wide settings: warnings as errors, ccache, sanitizers.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(podbgp_flags INTERFACE)
target_include_directories(podbgp_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(podbgp_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these falsely at -O2 in standard containers.
  target_compile_options(podbgp_flags INTERFACE -Wno-error=array-bounds -Wno-error=restrict -Wno-error=stringop-overflow
    -Wno-error=maybe-uninitialized -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread
    -Wno-maybe-uninitialized -Wno-dangling-pointer)
endif()
if(PODBGP_SANITIZE)
  target_compile_options(podbgp_flags INTERFACE -fsanitize=${PODBGP_SANITIZE} -fno-omit-frame-pointer -g)
  if(PODBGP_SANITIZE MATCHES "undefined")
    target_compile_options(podbgp_flags INTERFACE -fno-sanitize-recover=undefined)
  endif()
  if(PODBGP_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Boost.Asio has fences, which this sanitizer does not understand; its queues are guarded by mutexes as well.
    target_compile_options(podbgp_flags INTERFACE -Wno-tsan)
  endif()
  target_link_options(podbgp_flags INTERFACE -fsanitize=${PODBGP_SANITIZE})
endif()
