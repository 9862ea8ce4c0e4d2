# -DSOURCE=folder: each promised preset exists and says what it is for.
function(preset_of name result)
  execute_process(COMMAND ${CMAKE_COMMAND} -N -S ${SOURCE} --preset ${name}
    RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "preset ${name}: ${said}")
  endif()
  set(${result} "${said}" PARENT_SCOPE)
endfunction()

function(expect text needle)
  string(FIND "${text}" "${needle}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "expected ${needle} in: ${text}")
  endif()
endfunction()

preset_of(release said)
expect("${said}" "CMAKE_BUILD_TYPE=\"Release\"")
preset_of(dev said)
expect("${said}" "CONVSCOPE_WARNINGS_AS_ERRORS=\"ON\"")
preset_of(asan said)
expect("${said}" "-fsanitize=address,undefined")
preset_of(tsan said)
expect("${said}" "-fsanitize=thread")

execute_process(COMMAND ${CMAKE_COMMAND} --list-presets=workflow WORKING_DIRECTORY ${SOURCE}
  RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
expect("${said}" "\"release\"")

# The program lies where everybody looks for it.
file(READ ${SOURCE}/CMakePresets.json presets)
string(JSON count LENGTH "${presets}" configurePresets)
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
  string(JSON name GET "${presets}" configurePresets ${i} name)
  if(name STREQUAL "base")
    string(JSON folder GET "${presets}" configurePresets ${i} binaryDir)
    expect("${folder}" "\${sourceDir}/build/\${presetName}")
  endif()
endforeach()
