tactus_test(test_linear TORCH SOURCES test_linear.cpp USES tactus_layers)
tactus_test(test_llama TORCH SOURCES test_llama.cpp USES tactus_llama)
