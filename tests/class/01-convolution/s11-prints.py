"""Prints the answers and returns nothing; the parameters are returned and right."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 2, "sobel_edges": 0}
MISCONCEPTIONS = {"correlate2d": "printed instead of returned"}


def correlate2d(image, kernel):
    kh, kw = kernel.shape
    output = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    print(output)


def convolve2d(image, kernel):
    print(correlate2d(image, kernel[::-1, ::-1]))


def conv2d(images, kernels, bias):
    for image in images:
        print(image.shape, kernels.shape, bias)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    print("parameters of a", kh, "by", kw, "kernel")
    return kh * kw * c_in * c_out + (c_out if use_bias else 0)


def sobel_edges(image):
    gx = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    print(np.hypot(correlate2d(image, gx), correlate2d(image, gx.T)))
