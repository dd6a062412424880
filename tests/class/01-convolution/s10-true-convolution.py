"""convolve2d does not turn the kernel, sobel_edges looks in one direction only; the rest is right."""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 0}
MISCONCEPTIONS = {"convolve2d": "kernel not flipped", "sobel_edges": "only horizontal changes"}
ANSWER = "Pixels far away say little about an edge."


def correlate2d(image, kernel):
    kh, kw = kernel.shape
    output = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return output


def convolve2d(image, kernel):
    return correlate2d(image, kernel)


def conv2d(images, kernels, bias):
    kh, kw, _, filters = kernels.shape
    n, h, w, _ = images.shape
    output = np.zeros((n, h - kh + 1, w - kw + 1, filters))
    for i in range(output.shape[1]):
        for j in range(output.shape[2]):
            output[:, i, j] = np.tensordot(images[:, i : i + kh, j : j + kw], kernels, 3) + bias
    return output


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    bias = c_out if use_bias else 0
    return c_out * c_in * kh * kw + bias


def sobel_edges(image):
    return np.abs(correlate2d(image, np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])))
