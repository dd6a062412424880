"""convolve2d hands out the same array at each call: its earlier answers change. The rest is right."""

EXPECTED = {
    "correlate2d": 4,
    "convolve2d": 2.57,  # 6 of 7 properties: the numbers are right, but not a fresh result
    "conv2d": 5,
    "conv2d_params": 2,
    "sobel_edges": 3,
}
MUST_NOT = "the grader overlooks it because it sees copies"
GOOD = "s02-slices"

buffers = {}


def convolve2d(image, kernel):
    result = by_hand(image, kernel[::-1, ::-1])
    buffer = buffers.setdefault(result.shape, np.zeros(result.shape))
    buffer[...] = result
    return buffer
