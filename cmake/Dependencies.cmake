# Every dependency is a package of the system; nothing third-party lies in this repository.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenGL REQUIRED COMPONENTS OpenGL EGL)
find_package(Freetype REQUIRED)
find_package(Fontconfig REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(GIF REQUIRED)
find_package(glfw3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(STB REQUIRED IMPORTED_TARGET stb)

if(CONVSCOPE_VIDEO)
  pkg_check_modules(FFMPEG REQUIRED IMPORTED_TARGET libavformat libavcodec libswscale libavutil)
endif()

# Formats whose library is missing are left out; the program says so where they are asked for.
if(CONVSCOPE_WEBP)
  pkg_check_modules(WEBP IMPORTED_TARGET libwebp)
endif()
if(NOT WEBP_FOUND)
  message(STATUS "libwebp was not found: .webp is left out (Debian: libwebp-dev)")
endif()
if(CONVSCOPE_PDF)
  pkg_check_modules(PDF IMPORTED_TARGET cairo-pdf pangocairo)
endif()
if(NOT PDF_FOUND)
  message(STATUS "Cairo or Pango was not found: .pdf is left out (Debian: libcairo2-dev libpango1.0-dev)")
endif()

if(CONVSCOPE_TESTS)
  find_package(GTest REQUIRED)
endif()

# pkg-config orders freetype before libimgui.a, which needs it: the static library is described here instead.
find_path(IMGUI_INCLUDE_DIR imgui.h PATH_SUFFIXES imgui REQUIRED)
find_library(IMGUI_LIBRARY imgui REQUIRED)
add_library(imgui STATIC IMPORTED)
set_target_properties(imgui PROPERTIES
  IMPORTED_LOCATION ${IMGUI_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES "${IMGUI_INCLUDE_DIR};${IMGUI_INCLUDE_DIR}/backends"
  INTERFACE_LINK_LIBRARIES "Freetype::Freetype;PkgConfig::STB;${CMAKE_DL_LIBS}")

# glad: the OpenGL loader is generated from the installed specification, the same bytes on each run.
find_program(GLAD_PROGRAM glad REQUIRED)
set(glad_folder ${CMAKE_BINARY_DIR}/glad)
add_custom_command(
  OUTPUT ${glad_folder}/src/gl.c ${glad_folder}/include/glad/gl.h
  COMMAND ${GLAD_PROGRAM} --quiet --reproducible --api gl:core=3.3 --extensions GL_KHR_debug
          --out-path ${glad_folder} c
  COMMENT "Generating glad"
  VERBATIM)
add_library(glad STATIC ${glad_folder}/src/gl.c)
target_include_directories(glad SYSTEM PUBLIC ${glad_folder}/include)
