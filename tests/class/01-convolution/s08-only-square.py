"""Only square images and square kernels were thought of: the number of rows is used for the columns as well."""

EXPECTED = {
    "correlate2d": 2,  # 3 of 6 properties: square ones, the smallest and largest kernels, kinds of numbers (all square)
    "convolve2d": 1.5,  # the same
    "conv2d": 3.89,  # 7 of 9: all but images and kernels that are not square, and everything at once
    "conv2d_params": 0.5,  # 1 of 4: layers without a bias
    "sobel_edges": 2.5,  # 5 of 6: all but images that are not square
}
ANSWER = "Convolution is better."


def correlate2d(image, kernel):
    n, f = len(image), len(kernel)
    output = np.zeros((n - f + 1, n - f + 1))
    for i in range(n - f + 1):
        for j in range(n - f + 1):
            output[i, j] = np.sum(image[i : i + f, j : j + f] * kernel)
    return output


def convolve2d(image, kernel):
    return correlate2d(image, kernel[::-1, ::-1])


def conv2d(images, kernels, bias):
    n, f = images.shape[1], kernels.shape[0]
    output = np.zeros((len(images), n - f + 1, n - f + 1, kernels.shape[3]))
    for i in range(n - f + 1):
        for j in range(n - f + 1):
            output[:, i, j] = np.tensordot(images[:, i : i + f, j : j + f], kernels, 3) + bias
    return output


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    # One bias for each channel that comes in, instead of one for each filter.
    return kh * kw * c_in * c_out + c_in * use_bias


def sobel_edges(image):
    gx = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return np.sqrt(correlate2d(image, gx) ** 2 + correlate2d(image, gx.T) ** 2)
