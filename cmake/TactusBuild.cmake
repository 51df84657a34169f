# Compiler settings and the two functions every room uses.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

# Same inputs, same bytes: no contraction into fused operations behind our back.
add_compile_options(-Wall -Wextra -ffp-contract=off)
if(TACTUS_WERROR)
  add_compile_options(-Werror)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

# tactus_room(NAME [TORCH] SOURCES … USES …): the static library tactus_NAME with its public headers in ./include.
# USES lists every library it links; tests/structure reads the resulting graph. TORCH: it includes libtorch's headers.
function(tactus_room name)
  cmake_parse_arguments(ROOM "TORCH" "" "SOURCES;USES;USES_PRIVATE" ${ARGN})
  if(ROOM_SOURCES)
    add_library(tactus_${name} STATIC ${ROOM_SOURCES})
    target_include_directories(tactus_${name} PUBLIC include)
    target_link_libraries(tactus_${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_USES_PRIVATE})
    tactus_unity(tactus_${name})
    if(ROOM_TORCH)
      tactus_precompile_torch(tactus_${name})
    else()
      tactus_precompile(tactus_${name} "${CMAKE_SOURCE_DIR}/cmake/precompiled.h")
    endif()
  else()
    add_library(tactus_${name} INTERFACE)
    target_include_directories(tactus_${name} INTERFACE include)
    target_link_libraries(tactus_${name} INTERFACE ${ROOM_USES})
  endif()
  set_property(GLOBAL APPEND PROPERTY TACTUS_ROOMS tactus_${name})
endfunction()

# tactus_test(NAME [TORCH] SOURCES … USES … [LABELS …]): a GoogleTest program registered with ctest as one test a program.
function(tactus_test name)
  cmake_parse_arguments(T "TORCH" "TIMEOUT" "SOURCES;USES;LABELS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_USES} GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE TACTUS_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                             TACTUS_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/data")
  tactus_unity(${name})
  if(T_TORCH)
    tactus_precompile_torch(${name})
  else()
    tactus_precompile(${name} "${CMAKE_SOURCE_DIR}/tests/precompiled.h" GTest::gtest)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${T_LABELS}" TIMEOUT ${T_TIMEOUT})
endfunction()

# tactus_gui_test(NAME SOURCES … USES …): a Qt Test program run under Xvfb with software GL.
function(tactus_gui_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  set_target_properties(${name} PROPERTIES AUTOMOC ON)
  target_link_libraries(${name} PRIVATE ${T_USES} Qt6::Test)
  target_compile_definitions(${name} PRIVATE QT_NO_KEYWORDS TACTUS_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                             TACTUS_BINARY_DIR="${CMAKE_BINARY_DIR}")
  vtk_module_autoinit(TARGETS ${name} MODULES ${VTK_LIBRARIES})
  find_program(XVFB_RUN xvfb-run REQUIRED)
  # Without -noreset the server starts afresh whenever its last client leaves, and whoever comes meanwhile is turned away.
  add_test(NAME ${name} COMMAND ${XVFB_RUN} -a -s "-screen 0 1600x1000x24 +extension GLX -noreset" $<TARGET_FILE:${name}>)
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS gui TIMEOUT ${T_TIMEOUT} ENVIRONMENT
    "QT_QPA_PLATFORM=xcb;QT_XCB_GL_INTEGRATION=xcb_glx;LIBGL_ALWAYS_SOFTWARE=1;GALLIUM_DRIVER=llvmpipe;QT_SCALE_FACTOR=1;LC_ALL=C.UTF-8")
endfunction()

# tactus_bench(NAME SOURCES … USES …): a Google Benchmark program; built, never run by ctest.
function(tactus_bench name)
  cmake_parse_arguments(B "" "" "SOURCES;USES" ${ARGN})
  if(TACTUS_BENCH)
    add_executable(${name} ${B_SOURCES})
    target_link_libraries(${name} PRIVATE ${B_USES} benchmark::benchmark_main)
  endif()
endfunction()

# tactus_precompile(TARGET HEADER [LIBRARY…]): with TACTUS_UNITY, the target shares the precompiled HEADER, which includes
# headers of these libraries, with all that name it. Developers' builds go without, so that a missing include is seen.
function(tactus_precompile target header)
  if(NOT TACTUS_UNITY)
    return()
  endif()
  get_filename_component(folder "${header}" DIRECTORY)
  get_filename_component(folder "${folder}" NAME)
  set(holder tactus_${folder}_headers)
  if(NOT TARGET ${holder})
    file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/${holder}.cpp" CONTENT "")   # written once, not at every configuration
    add_library(${holder} STATIC "${CMAKE_BINARY_DIR}/${holder}.cpp")
    target_link_libraries(${holder} PRIVATE Eigen3::Eigen ${ARGN})
    target_precompile_headers(${holder} PRIVATE "${header}")
  endif()
  target_precompile_headers(${target} REUSE_FROM ${holder})
  tactus_same_code(${target})
endfunction()

# An executable's -fPIE would not fit a precompiled header made for libraries.
function(tactus_same_code target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

# tactus_precompile_torch(TARGET…): these targets share one precompiled header of libtorch.
function(tactus_precompile_torch)
  if(NOT TARGET tactus_torch_headers)
    file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/torch_headers.cpp" CONTENT "")   # written once, not at every configuration
    add_library(tactus_torch_headers STATIC "${CMAKE_BINARY_DIR}/torch_headers.cpp")
    target_link_libraries(tactus_torch_headers PRIVATE libtorch::libtorch)
    target_precompile_headers(tactus_torch_headers PRIVATE "${CMAKE_SOURCE_DIR}/models/precompiled.h")
  endif()
  foreach(target IN LISTS ARGN)
    target_precompile_headers(${target} REUSE_FROM tactus_torch_headers)
    tactus_same_code(${target})
  endforeach()
endfunction()

# tactus_unity(TARGET…): with TACTUS_UNITY, several files of these targets are compiled as one, which shortens a whole
# build: their headers (libtorch's, Qt's) cost more than what stands in them (libtorch's precompiled one 6 s a file, for
# templates that are instantiated again at each file's end). After one small change it lasts longer, so
# developers leave it off; packaging/build turns it on. Names in unnamed namespaces must differ within such a target.
option(TACTUS_UNITY "Compile several files of a target as one" OFF)
function(tactus_unity)
  if(TACTUS_UNITY)
    set_target_properties(${ARGN} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 7)
    foreach(target IN LISTS ARGN)   # GCC takes the files for headers, which should not name what is unnamed
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endforeach()
  endif()
endfunction()
