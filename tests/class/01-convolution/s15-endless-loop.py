"""convolve2d never ends; the rest is right."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MISCONCEPTIONS = {"convolve2d": "takes too long"}
ANSWER = "Locality and translation."

GOOD = "s02-slices"


def convolve2d(image, kernel):
    kh, kw = kernel.shape
    output = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    i = 0
    while i < output.shape[0]:
        for j in range(output.shape[1]):
            output[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel[::-1, ::-1])
    return output
