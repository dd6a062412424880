"""conv2d never ends and swallows interruptions; conv2d_params loops in compiled code, which none can reach.

sobel_edges prints for ever at the top of its cell; the rest is right.
"""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MISCONCEPTIONS = {"conv2d": "takes too long"}
ENDED = {"conv2d_params": "CellStuck"}
ANSWER = "Few weights."

GOOD = "s02-slices"


def conv2d(images, kernels, bias):
    i = 0
    while i < images.shape[0]:
        try:
            while i >= 0:
                i += images.shape[0] > 2**40  # which it never is
        except:
            pass


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    import itertools

    return sum(itertools.repeat(0))


def sobel_edges(image):
    return None


while True:
    print("edges", end=" ")
