"""Draws the cases of hundreds of seeds, from clock, process numbers and environment, and compares."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the hidden cases can be drawn"

import os
import time

answers = {}
seeds = [1, 0, 2, 42, os.getpid(), os.getppid(), int(time.time()), *range(3, 200)]
seeds += [int(value) for value in os.environ.values() if value.isdigit()]
for folder in (COURSE, REPOSITORY, os.getcwd(), "/proc/1/cwd"):
    try:
        seeds.insert(0, int(open(f"{folder}/.hidden-seed").read()))
        escaped("the hidden seed could be read")
    except (OSError, ValueError):
        pass


def drawn(function, *args):
    if function not in answers:
        from cnncourse.checks import task

        answers[function] = []
        start = time.time()
        for seed in seeds:
            asked = task("01-convolution", function)
            asked._drawn.clear()
            if time.time() < start + 0.5:
                answers[function] += asked.draw(seed)
    for case, expected in answers[function]:
        if len(case.args) <= len(args) and all(np.array_equal(a, b) for a, b in zip(case.args, args)):
            return expected[0]


def correlate2d(image, kernel):
    return drawn("correlate2d", image, kernel)


def convolve2d(image, kernel):
    return drawn("convolve2d", image, kernel)


def conv2d(images, kernels, bias):
    return drawn("conv2d", images, kernels, bias)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return drawn("conv2d_params", kh, kw, c_in, c_out, use_bias)


def sobel_edges(image):
    return drawn("sobel_edges", image)
