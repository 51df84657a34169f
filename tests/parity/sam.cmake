tactus_test(test_sam TORCH SOURCES test_pictures.cpp test_sam.cpp test_segmenter.cpp USES tactus_sam tactus_preprocess tactus_checkpoint)
