"""Cells of the assignment were copied: checks and question stand twice, correlate2d below its first attempt."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
ANSWER = "Written into the first of two copies of the question."

GOOD = "s02-slices"

EDITS = [
    ("copy-above", "correlate2d", "def correlate2d(image, kernel):\n    return image * kernel\n"),
    ("copy-above", "check-correlate2d"),
    ("copy-above", "check-conv2d"),
    ("copy-above", "check-conv2d"),
    ("copy-below", "question-locality", "YOUR ANSWER HERE"),
]
