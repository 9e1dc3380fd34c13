# What is installed where, and how CPack makes the Debian packages podbgpd (daemon) and podbgp (command line) of it.
# scripts/build-packages runs it in a container of each suite; the version is that of project().
include(GNUInstallDirs)
set(unit_dir lib/systemd/system)
set(sysusers_dir lib/sysusers.d)
set(made ${CMAKE_BINARY_DIR}/packages)  # files that are written here before they are installed

set(PODBGP_PACKAGE_RELEASE 1 CACHE STRING "Debian revision: 1, 2, ... of the same version")
set(PODBGP_PACKAGE_SUITE "" CACHE STRING "Suite of the packages as it stands behind the revision, e.g. deb12")
set(PODBGP_PACKAGE_CODENAME unstable CACHE STRING "The suite's name, for changelog.Debian")
set(PODBGP_PACKAGE_DATE 0 CACHE STRING "Seconds since 1970 that changelogs and manual pages are dated with")
set(CPACK_PACKAGE_CONTACT "podbgp maintainers <maintainers@podbgp.example>" CACHE STRING "Maintainer of the packages")

set(release ${PODBGP_PACKAGE_RELEASE})
if(PODBGP_PACKAGE_SUITE)
  string(APPEND release "~${PODBGP_PACKAGE_SUITE}")
endif()
set(ENV{SOURCE_DATE_EPOCH} ${PODBGP_PACKAGE_DATE})
string(TIMESTAMP date_iso "%Y-%m-%d" UTC)
string(TIMESTAMP date_changelog "%a, %d %b %Y %H:%M:%S +0000" UTC)
unset(ENV{SOURCE_DATE_EPOCH})

# file(COMPRESS) has no -n: a gzip file with the time in it differs from build to build.
find_program(GZIP_PROGRAM gzip)
function(podbgp_compressed out in)
  add_custom_command(OUTPUT ${out} COMMAND ${GZIP_PROGRAM} -9nc ${in} > ${out} DEPENDS ${in} VERBATIM)
endfunction()

# --- programs, unit, configuration ---

install(TARGETS podbgpd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT podbgpd)
install(TARGETS podbgp RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT podbgp)

file(READ deploy/systemd/podbgpd.service unit)
string(REPLACE "/usr/sbin/" "${CMAKE_INSTALL_FULL_SBINDIR}/" unit "${unit}")
string(REPLACE "/usr/bin/" "${CMAKE_INSTALL_FULL_BINDIR}/" unit "${unit}")
string(REPLACE "/etc/podbgp" "${CMAKE_INSTALL_FULL_SYSCONFDIR}/podbgp" unit "${unit}")
file(CONFIGURE OUTPUT ${made}/podbgpd.service CONTENT "${unit}" @ONLY)
install(FILES ${made}/podbgpd.service DESTINATION ${unit_dir} COMPONENT podbgpd)
install(FILES deploy/systemd/podbgpd.sysusers DESTINATION ${sysusers_dir} RENAME podbgpd.conf COMPONENT podbgpd)
install(FILES deploy/podbgp.yaml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/podbgp COMPONENT podbgpd)
install(FILES deploy/iproute2/podbgp.conf DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/iproute2/rt_protos.d COMPONENT podbgpd)
install(FILES deploy/needrestart/podbgpd.conf DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/needrestart/conf.d COMPONENT podbgpd)

# --- what helps to use them ---

install(FILES docs/podbgp.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/podbgp COMPONENT podbgpd)
install(DIRECTORY api/podbgp DESTINATION ${CMAKE_INSTALL_DATADIR}/podbgp/proto COMPONENT podbgp FILES_MATCHING PATTERN "*.proto")
install(FILES deploy/completion/podbgp.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME podbgp COMPONENT podbgp)
install(FILES deploy/completion/_podbgp DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT podbgp)
file(GLOB examples CONFIGURE_DEPENDS deploy/examples/*.yaml)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS deploy/systemd/podbgpd.service ${examples})  # read below and above
foreach(example IN LISTS examples)
  get_filename_component(name ${example} NAME)
  file(READ ${example} text)
  string(REPLACE "../../docs/podbgp.schema.json" "${CMAKE_INSTALL_FULL_DATADIR}/podbgp/podbgp.schema.json" text "${text}")
  file(CONFIGURE OUTPUT ${made}/examples/${name} CONTENT "${text}" @ONLY)
endforeach()
install(DIRECTORY ${made}/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/podbgpd COMPONENT podbgpd)

# --- manual pages: from --help and docs/ (deploy/man/make) ---

find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  file(GLOB man_sources CONFIGURE_DEPENDS deploy/man/* docs/cli.md docs/configuration.md)
  list(FILTER man_sources EXCLUDE REGEX __pycache__)
  set(man ${CMAKE_BINARY_DIR}/man)
  add_custom_command(
    OUTPUT ${man}/podbgpd.8 ${man}/podbgp.1 ${man}/podbgp.yaml.5
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/deploy/man/make --bin $<TARGET_FILE_DIR:podbgpd>
            --version ${PROJECT_VERSION} --date ${date_iso} --out ${man}
    DEPENDS podbgpd podbgp ${man_sources}
    COMMENT "manual pages"
    VERBATIM)
  foreach(page podbgpd.8 podbgp.1 podbgp.yaml.5)
    podbgp_compressed(${man}/${page}.gz ${man}/${page})
  endforeach()
  add_custom_target(man ALL DEPENDS ${man}/podbgpd.8.gz ${man}/podbgp.1.gz ${man}/podbgp.yaml.5.gz)
  install(FILES ${man}/podbgpd.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT podbgpd)
  install(FILES ${man}/podbgp.yaml.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT podbgpd)
  install(FILES ${man}/podbgp.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT podbgp)
endif()

# --- what Debian wants of each package ---

set(debian_version ${PROJECT_VERSION}-${release})
configure_file(deploy/debian/copyright.in ${made}/copyright @ONLY)
file(CONFIGURE OUTPUT ${made}/changelog.Debian CONTENT
"podbgp (${debian_version}) ${PODBGP_PACKAGE_CODENAME}; urgency=medium

  * podbgp ${PROJECT_VERSION}; what is new stands in changelog.gz.

 -- ${CPACK_PACKAGE_CONTACT}  ${date_changelog}
" @ONLY)
podbgp_compressed(${made}/changelog.Debian.gz ${made}/changelog.Debian)
podbgp_compressed(${made}/changelog.gz ${CMAKE_SOURCE_DIR}/CHANGELOG.md)
add_custom_target(debian_documents ALL DEPENDS ${made}/changelog.Debian.gz ${made}/changelog.gz)
foreach(package podbgpd podbgp)
  install(FILES ${made}/copyright ${made}/changelog.Debian.gz ${made}/changelog.gz
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${package})
endforeach()
foreach(script preinst postinst prerm postrm conffiles)
  configure_file(deploy/debian/podbgpd.${script} ${made}/${script} COPYONLY)
  list(APPEND control_files ${made}/${script})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)  # /etc is not below the prefix
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/dist)
set(CPACK_PACKAGE_NAME podbgp)
set(CPACK_PACKAGE_VENDOR podbgp)
set(CPACK_COMPONENTS_ALL podbgpd podbgp)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${release})
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_PODBGPD_PACKAGE_NAME podbgpd)
set(CPACK_COMPONENT_PODBGPD_DESCRIPTION "BGP-4 speaker of a Kubernetes node
podbgpd owns the whole path of pod routes on a node: agents announce pod CIDRs
over gRPC and the BGP peers have them; what peers announce is put into the
kernel. It peers with top-of-rack routers, meshes nodes with each other and
drops all privileges but two after start.

As installed it has no peers; see podbgp.yaml(5).")
set(CPACK_DEBIAN_PODBGPD_PACKAGE_DEPENDS
    "podbgp (= ${debian_version}), systemd | systemd-standalone-sysusers | systemd-sysusers")  # reload asks by podbgp(1)
set(CPACK_DEBIAN_PODBGPD_PACKAGE_RECOMMENDS iproute2)
set(CPACK_DEBIAN_PODBGPD_PACKAGE_CONTROL_EXTRA ${control_files})

set(CPACK_DEBIAN_PODBGP_PACKAGE_NAME podbgp)
set(CPACK_COMPONENT_PODBGP_DESCRIPTION "command line of podbgpd, the BGP-4 speaker of a Kubernetes node
podbgp shows sessions, routes and what the kernel made of them, announces and
withdraws routes, and checks and reloads the daemon's configuration. It is a
client of podbgpd's gRPC API, whose protocol files come with it.")
set(CPACK_DEBIAN_PODBGP_PACKAGE_SUGGESTS podbgpd)
include(CPack)
