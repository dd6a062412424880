"""convolve2d sleeps for an hour, sobel_edges waits for a program that does."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 0}
MUST_NOT = "the others wait for it"
GOOD = "s02-slices"


def convolve2d(image, kernel):
    import time

    time.sleep(3600)


def sobel_edges(image):
    import subprocess

    subprocess.run(["sleep", "3600"])
