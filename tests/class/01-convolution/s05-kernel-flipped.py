"""Correlation and convolution are swapped throughout: the kernel is turned where it should not be, and the reverse.

sobel_edges is right all the same: turning a Sobel kernel changes only its sign.
"""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 3}
MISCONCEPTIONS = {"correlate2d": "kernel flipped", "convolve2d": "kernel not flipped", "conv2d": "kernel flipped"}
ANSWER = "The same kernel is used everywhere."


def correlate2d(image, kernel):
    kernel = kernel[::-1, ::-1]
    kh, kw = kernel.shape
    output = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return output


def convolve2d(image, kernel):
    kh, kw = kernel.shape
    output = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return output


def conv2d(images, kernels, bias):
    kernels = kernels[::-1, ::-1]
    kh, kw, _, filters = kernels.shape
    n, h, w, _ = images.shape
    output = np.zeros((n, h - kh + 1, w - kw + 1, filters))
    for i in range(output.shape[1]):
        for j in range(output.shape[2]):
            output[:, i, j] = np.tensordot(images[:, i : i + kh, j : j + kw], kernels, 3) + bias
    return output


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return kh * kw * c_in * c_out + (c_out if use_bias else 0)


def sobel_edges(image):
    x = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return np.sqrt(correlate2d(image, x) ** 2 + correlate2d(image, x.T) ** 2)
