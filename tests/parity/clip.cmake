tactus_test(test_clip TORCH SOURCES test_clip.cpp USES tactus_clip)
