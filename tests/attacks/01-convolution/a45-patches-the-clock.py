"""Makes every clock stand still, and then never ends in convolve2d."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the others wait for it"
GOOD = "s02-slices"

import threading
import time

for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
    setattr(time, name, lambda: 0.0)
    setattr(time, name + "_ns", lambda: 0)
threading._time = time.monotonic


def convolve2d(image, kernel):
    while time.monotonic() < 1:
        pass
