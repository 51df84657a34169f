tactus_test(test_checkpoint TORCH
  SOURCES checkpoint/test_load_module.cpp checkpoint/test_tensor_files.cpp checkpoint/test_fuzz.cpp checkpoint/test_quantise.cpp checkpoint/test_convert.cpp
  USES tactus_checkpoint nlohmann_json::nlohmann_json)
