tactus_test(test_pictures TORCH SOURCES test_pictures.cpp USES tactus_preprocess tactus_checkpoint)
tactus_test(test_sam TORCH SOURCES test_sam.cpp USES tactus_sam)
tactus_test(test_segmenter TORCH SOURCES test_segmenter.cpp USES tactus_sam)
