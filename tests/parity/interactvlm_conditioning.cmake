tactus_test(test_conditioning TORCH SOURCES test_conditioning.cpp USES tactus_interactvlm)
target_include_directories(test_conditioning PRIVATE "${CMAKE_SOURCE_DIR}/models/interactvlm")
