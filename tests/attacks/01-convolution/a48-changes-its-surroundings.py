"""Right, but changes folder, umask, environment, locale, time zone, sys.path, niceness, and closes stdin and stdout."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the next submission inherits it"
GOOD = "s02-slices"

import locale
import os
import sys
import time

os.umask(0o777)
os.environ.clear()
os.environ["TZ"] = "Antarctica/Troll"
time.tzset()
try:
    locale.setlocale(locale.LC_ALL, "tr_TR.UTF-8")
except locale.Error:
    pass
os.chdir("/")
sys.path[:] = []
sys.argv[:] = ["-c"]
try:
    os.nice(19)
except OSError:
    pass
sys.stdin.close()
sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None


def convolve2d(image, kernel):
    return by_hand(image, kernel[::-1, ::-1])
