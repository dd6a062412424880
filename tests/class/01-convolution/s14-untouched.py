"""Handed in as it was handed out."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MISCONCEPTIONS = {"correlate2d": "not written yet", "conv2d_params": "not written yet"}
