"""The first two functions are right; then time ran out, and the rest is as it was handed out."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MISCONCEPTIONS = {"conv2d": "not written yet"}


def correlate2d(image, kernel):
    kh, kw = kernel.shape
    output = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return output


def convolve2d(image, kernel):
    return correlate2d(image, kernel[::-1, ::-1])
