"""convolve2d asks its user for the answer; the cell of sobel_edges asks for something after its function."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the others wait for it, or the instructor's keyboard is read"
GOOD = "s02-slices"


def convolve2d(image, kernel):
    return np.array(eval(input("What comes out? ")))


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    return np.hypot(by_hand(image, np.outer(smooth, difference)), by_hand(image, np.outer(difference, smooth)))


name = input("Your name: ")
