"""Nothing is written; check cells are replaced, skipped, relabelled, worth more, made text, copied."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "an edited cell counts"
EDITS = [
    ("text", "check-correlate2d", "4.0"),
    ("tag", "check-convolve2d", "skip-execution"),
    ("metadata", "check-conv2d", {"grade": False, "locked": False, "points": 500}),
    ("copy-below", "check-conv2d_params", "2.0"),
    ("type", "check-conv2d_params", "markdown"),
    ("metadata", "check-sobel_edges", {"solution": True, "schema_version": 99, "points": 1e308, "grade_id": ["x"]}),
    ("text", "imports", "check = lambda *args, **options: 20.0"),
    ("metadata", "imports", {"grade": True, "points": 20}),
]
