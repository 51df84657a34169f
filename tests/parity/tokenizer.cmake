# libtorch is linked too: both libraries carry a protobuf and must live in one process.
tactus_test(test_tokenizer TORCH
  SOURCES test_tokenizer.cpp
  USES tactus_tokenizer libtorch::libtorch nlohmann_json::nlohmann_json)
