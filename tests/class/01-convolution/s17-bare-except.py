"""correlate2d never ends and swallows every interruption; sobel_edges prints for ever at the top of its cell.

The rest is right.
"""

EXPECTED = {"correlate2d": 0, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 0}
ENDED = {"correlate2d": "CellStuck"}
ANSWER = "Few weights."

GOOD = "s03-windows"

from numpy.lib.stride_tricks import sliding_window_view


def correlate2d(image, kernel):
    i = 0
    while i < image.shape[0]:
        try:
            while i >= 0:
                i += image.shape[0] > 2**40  # which it never is
        except:
            pass


def sobel_edges(image):
    return None


while True:
    print("edges", end=" ")
