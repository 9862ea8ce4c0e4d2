# Writes NAME.h and NAME.cpp into OUTPUT; called by convscope_embed().
file(WRITE ${OUTPUT}/${NAME}.h "#pragma once
#include <span>
#include <string_view>
namespace convscope::embedded {
#ifndef CONVSCOPE_EMBEDDED_FILE
#define CONVSCOPE_EMBEDDED_FILE
struct File {
  std::string_view path;
  std::string_view contents;
};
#endif
std::span<const File> ${NAME}();
}  // namespace convscope::embedded
")
set(arrays "")
set(rows "")
set(index 0)
foreach(file IN LISTS FILES)
  file(READ ${ROOT}/${file} bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "const unsigned char file_${index}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${file}\", {reinterpret_cast<const char*>(file_${index}), ${size}}},\n")
  math(EXPR index "${index} + 1")
endforeach()
# An array of no elements is not C++.
if(index EQUAL 0)
  set(table "")
  set(whole "{}")
else()
  set(table "const File files[] = {\n${rows}};\n")
  set(whole "files")
endif()
file(WRITE ${OUTPUT}/${NAME}.cpp "#include \"embedded/${NAME}.h\"
namespace convscope::embedded {
namespace {
${arrays}${table}}  // namespace
std::span<const File> ${NAME}() { return ${whole}; }
}  // namespace convscope::embedded
")
