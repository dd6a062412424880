"""Returns lists in lists a hundred thousand deep, a list that holds itself, and dictionaries in dictionaries."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the grader recurses into them"
GOOD = "s02-slices"

deep = []
for _ in range(100_000):
    deep = [deep]
itself = [1.0]
itself.append(itself)
table = {}
for _ in range(100_000):
    table = {"next": table}
wide = itself
for _ in range(40):
    wide = [wide, wide]  # two to the power of 40 leaves


def convolve2d(image, kernel):
    return deep


def conv2d(images, kernels, bias):
    return itself


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return table


def sobel_edges(image):
    return wide
