"""conv2d takes eight gigabytes of memory and is right only if it gets them; convolve2d wants a petabyte."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "the machine runs out of memory"
GOOD = "s02-slices"


def convolve2d(image, kernel):
    return np.ones((10**15,), np.uint8)


def conv2d(images, kernels, bias):
    arm()
    held = [np.ones(2**26, np.uint8) for _ in range(128)]
    kh, kw, c, f = kernels.shape
    oh, ow = images.shape[1] - kh + 1, images.shape[2] - kw + 1
    result = np.zeros((images.shape[0], oh, ow, f))
    for a in range(kh):
        for b in range(kw):
            result += images[:, a : a + oh, b : b + ow, :] @ kernels[a, b]
    return result + bias
