# Everything comes from Debian's packages (scripts/packages/build.txt).
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
if(POLICY CMP0167)
  cmake_policy(SET CMP0167 NEW)  # Boost's own CMake package
endif()
find_package(Boost 1.81 REQUIRED)
if(NOT TARGET Boost::headers)
  add_library(Boost::headers ALIAS Boost::boost)
endif()
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
pkg_check_modules(LibNl REQUIRED IMPORTED_TARGET libnl-3.0 libnl-route-3.0)
pkg_check_modules(YamlCpp REQUIRED IMPORTED_TARGET yaml-cpp)
