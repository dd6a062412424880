"""Nothing is written, but the check cells were changed to hand out points, skipped by a tag, or relabelled."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}

EDITS = [
    ("text", "check-correlate2d", "4.0"),
    ("tag", "check-convolve2d", "skip-execution"),
    ("metadata", "check-conv2d", {"grade": False, "locked": False}),
    ("text", "check-conv2d", "pass"),
    ("metadata", "check-conv2d_params", {"schema_version": 1, "points": 200}),
    ("metadata", "check-sobel_edges", {"solution": True, "schema_version": 99}),
]
