# The Debian package: `./dev package`. Everything it installs is listed here.
install(TARGETS shoal RUNTIME DESTINATION usr/bin)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/web/dist/ DESTINATION usr/share/shoal/web)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/debian/shoal.yaml DESTINATION etc/shoal)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/systemd/shoal.service DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/docs/reference/configuration.md
  DESTINATION usr/share/doc/shoal)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/operations DESTINATION usr/share/doc/shoal)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION usr/share/doc/shoal RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME shoal)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR "Shoal")
set(CPACK_PACKAGE_CONTACT "Shoal <shoal@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "video platform that speaks PeerTube's REST API")
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION video)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# The shared libraries come from the program itself (dpkg-shlibdeps); these it starts or reads.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, bubblewrap, ca-certificates, ffmpeg")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, nginx")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
  ${PROJECT_SOURCE_DIR}/deploy/debian/prerm ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
