# convscope_embed(TARGET NAME ROOT dir FILES a b ...): makes `TARGET` hold the files' bytes and declares them in
# "embedded/NAME.h" as
#   namespace convscope::embedded { std::span<const File> NAME(); }   // File{ path relative to ROOT, contents }
# Contents are NUL-terminated behind their last byte.
function(convscope_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 embed "" "NAME;ROOT" "FILES")
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/embedded_${embed_NAME})
  set(paths "")
  foreach(file IN LISTS embed_FILES)
    list(APPEND paths ${embed_ROOT}/${file})
  endforeach()
  add_custom_command(
    OUTPUT ${folder}/embedded/${embed_NAME}.cpp ${folder}/embedded/${embed_NAME}.h
    COMMAND ${CMAKE_COMMAND} -DNAME=${embed_NAME} -DROOT=${embed_ROOT} "-DFILES=${embed_FILES}"
            -DOUTPUT=${folder}/embedded -P ${CMAKE_SOURCE_DIR}/cmake/write_embedded.cmake
    DEPENDS ${paths} ${CMAKE_SOURCE_DIR}/cmake/write_embedded.cmake
    COMMENT "Embedding ${embed_NAME}"
    VERBATIM)
  target_sources(${target} PRIVATE ${folder}/embedded/${embed_NAME}.cpp ${folder}/embedded/${embed_NAME}.h)
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
