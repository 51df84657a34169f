tactus_test(test_clip SOURCES test_clip.cpp USES tactus_clip)
tactus_precompile_torch(test_clip)
