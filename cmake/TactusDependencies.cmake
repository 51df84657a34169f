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

if(TACTUS_DESKTOP)
  find_package(PkgConfig REQUIRED)
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
