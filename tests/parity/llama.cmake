tactus_test(test_llama TORCH SOURCES test_linear.cpp test_llama.cpp USES tactus_llama)
