"""The bias is forgotten in conv2d, and so are its parameters; the rest is right."""

EXPECTED = {
    "correlate2d": 4,
    "convolve2d": 3,
    "conv2d": 3.89,  # 7 of 9 properties hold: all but the bias, and everything at once
    "conv2d_params": 0.5,  # 1 of 4: layers without a bias
    "sobel_edges": 3,
}
MISCONCEPTIONS = {"conv2d": "bias forgotten", "conv2d_params": "bias forgotten"}
ANSWER = "A dense layer has too many parameters."


def correlate2d(image, kernel):
    kh, kw = kernel.shape
    output = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return output


def convolve2d(image, kernel):
    return correlate2d(image, np.rot90(kernel, 2))


def conv2d(images, kernels, bias):
    kh, kw, _, filters = kernels.shape
    n, h, w, _ = images.shape
    output = np.zeros((n, h - kh + 1, w - kw + 1, filters))
    for i in range(output.shape[1]):
        for j in range(output.shape[2]):
            output[:, i, j] = np.tensordot(images[:, i : i + kh, j : j + kw], kernels, 3)
    return output


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return kh * kw * c_in * c_out


def sobel_edges(image):
    x = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    return np.sqrt(correlate2d(image, x) ** 2 + correlate2d(image, x.T) ** 2)
