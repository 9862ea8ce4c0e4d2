# Where `cmake --install` puts things, and the Debian package that `cpack` makes of them.
set(packaging ${CMAKE_SOURCE_DIR}/packaging)

install(TARGETS convscope RUNTIME)
if(CONVSCOPE_VIDEO)
  install(TARGETS convscope_video LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/convscope)
endif()
if(PDF_FOUND)
  install(TARGETS convscope_pdf LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/convscope)
endif()
install(FILES ${packaging}/convscope.desktop DESTINATION ${CMAKE_INSTALL_DATADIR}/applications)
install(FILES ${packaging}/convscope.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/mime/packages)
install(FILES ${packaging}/convscope.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${packaging}/convscope.svg DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps)
foreach(size 48 128 256)
  install(FILES ${packaging}/convscope-${size}.png RENAME convscope.png
    DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/${size}x${size}/apps)
endforeach()
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/ARCHITECTURE.md TYPE DOC)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME convscope)
set(CPACK_PACKAGE_CONTACT "The ConvScope project <convscope@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGE_DESCRIPTION
  "A teacher or a student changes a parameter of a convolution and sees the kernel\nslide over the input, the im2col matrix, the arithmetic of the current output\ncell and the output-size formula, steps through them and exports the same\npicture as an animation. Everything works without a screen too.")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Loaded at run time, so that dpkg-shlibdeps cannot see them: the OpenGL drivers and the fonts.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "libegl-mesa0, libgl1-mesa-dri, libgl1, libegl1, fonts-dejavu-core, fonts-wqy-microhei | fonts-noto-cjk | fonts-wqy-zenhei")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "zenity")
include(CPack)
