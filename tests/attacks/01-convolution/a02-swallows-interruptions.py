"""conv2d never ends and swallows whatever is raised to interrupt it."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the others wait for it"
GOOD = "s02-slices"


def conv2d(images, kernels, bias):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
