tactus_test(test_linear SOURCES test_linear.cpp USES tactus_layers)
tactus_test(test_llama SOURCES test_llama.cpp USES tactus_llama)
tactus_precompile_torch(test_linear test_llama)
