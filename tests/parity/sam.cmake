tactus_test(test_pictures SOURCES test_pictures.cpp USES tactus_preprocess tactus_checkpoint)
tactus_test(test_sam SOURCES test_sam.cpp USES tactus_sam)
tactus_test(test_segmenter SOURCES test_segmenter.cpp USES tactus_sam)
tactus_precompile_torch(test_pictures test_sam test_segmenter)
