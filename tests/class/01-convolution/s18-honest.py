"""Right throughout; graded after the loop that nothing can interrupt."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
ANSWER = "Every place is looked at with the same few weights."

GOOD = "s02-slices"
