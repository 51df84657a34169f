# Everything from outside, found once. Engine: Eigen, nanoflann, threads, GoogleTest, Google Benchmark, CLI11, json.
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
if(TACTUS_BENCH)
  find_package(benchmark REQUIRED)
endif()
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
if(TACTUS_NANOFLANN)
  add_library(nanoflann_headers INTERFACE)
  target_include_directories(nanoflann_headers SYSTEM INTERFACE "${TACTUS_NANOFLANN}")
  add_library(nanoflann::nanoflann ALIAS nanoflann_headers)
else()
  find_package(nanoflann REQUIRED)
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(SENTENCEPIECE REQUIRED IMPORTED_TARGET sentencepiece)

# libtorch: our own imported target, because TorchConfig.cmake demands a CUDA toolkit. TACTUS_TORCH is the folder
# `torch` of an unpacked wheel or of a Python installation; with CUDA libraries beside it those are linked too.
set(TACTUS_TORCH "${TACTUS_DEPS}/torch" CACHE PATH "Folder torch (with include/ and lib/)")
if(NOT EXISTS "${TACTUS_TORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "${TACTUS_TORCH}/lib/libtorch_cpu.so is missing; run packaging/setup, or set TACTUS_TORCH")
endif()
add_library(tactus_libtorch INTERFACE)
add_library(libtorch::libtorch ALIAS tactus_libtorch)
target_include_directories(tactus_libtorch SYSTEM INTERFACE
  "${TACTUS_TORCH}/include" "${TACTUS_TORCH}/include/torch/csrc/api/include")
target_link_libraries(tactus_libtorch INTERFACE "${TACTUS_TORCH}/lib/libtorch_cpu.so" "${TACTUS_TORCH}/lib/libc10.so")
target_link_options(tactus_libtorch INTERFACE
  "LINKER:-rpath-link,${TACTUS_TORCH}/../nvidia/cu13/lib" "LINKER:-rpath-link,${TACTUS_TORCH}/lib")
if(EXISTS "${TACTUS_TORCH}/lib/libtorch_cuda.so")
  # Nothing names a symbol of it: it registers itself when loaded.
  target_link_libraries(tactus_libtorch INTERFACE
    "-Wl,--no-as-needed" "${TACTUS_TORCH}/lib/libtorch_cuda.so" "${TACTUS_TORCH}/lib/libc10_cuda.so" "-Wl,--as-needed")
endif()

if(TACTUS_DESKTOP)
  find_package(Qt6 6.4 REQUIRED COMPONENTS Core Gui Widgets OpenGL OpenGLWidgets Svg Concurrent Test)
  # Never without COMPONENTS: VTK then asks for Qt 5.
  find_package(VTK 9.1 REQUIRED COMPONENTS
    CommonCore CommonDataModel FiltersCore FiltersGeneral FiltersSources FiltersModeling FiltersHybrid InteractionStyle InteractionWidgets
    RenderingCore RenderingUI RenderingOpenGL2 RenderingAnnotation RenderingFreeType IOImage)
  # Never highgui: it links Qt 5.
  find_package(OpenCV 4.6 REQUIRED COMPONENTS core imgproc imgcodecs)
  find_package(TinyGLTF REQUIRED)
  find_package(tinyobjloader REQUIRED)
  pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)   # its CMake config wants libzip-tools
  pkg_check_modules(IMGUI REQUIRED IMPORTED_TARGET imgui)
endif()
