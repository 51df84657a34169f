# Outlines in the photograph behind the port of the run.
tactus_test(test_photo_segmenters SOURCES test_photo_segmenters.cpp USES tactus_interactvlm)
