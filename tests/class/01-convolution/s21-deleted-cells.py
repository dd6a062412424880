"""Cells of the assignment were deleted.

A check; a solution with its check, written anew in a cell of the learner's own; another pair, not written anew; the
question.
"""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 0, "sobel_edges": 3}
MISCONCEPTIONS = {"conv2d_params": "not defined"}

GOOD = "s02-slices"

EDITS = [
    ("delete", "check-correlate2d"),
    ("plain", "conv2d"),  # its nbgrader metadata is gone, as after copying the text into a new cell
    ("delete", "check-conv2d"),
    ("delete", "conv2d_params"),
    ("delete", "check-conv2d_params"),
    ("delete", "question-locality"),
]
