"""Right numbers, but the caller's kernel is turned in place and the caller's image is overwritten."""

EXPECTED = {
    "correlate2d": 4,
    "convolve2d": 2.57,  # 6 of 7 properties: all the numbers are right, the inputs are not kept
    "conv2d": 5,
    "conv2d_params": 2,
    "sobel_edges": 2.57,  # the same
}
MISCONCEPTIONS = {"convolve2d": "input changed", "sobel_edges": "input changed"}
ANSWER = "A shifted input gives a shifted output."


def correlate2d(image, kernel):
    kh, kw = kernel.shape
    output = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            output[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return output


def convolve2d(image, kernel):
    kernel[:] = kernel[::-1, ::-1].copy()
    return correlate2d(image, kernel)


def conv2d(images, kernels, bias):
    kh, kw, _, filters = kernels.shape
    n, h, w, _ = images.shape
    output = np.zeros((n, h - kh + 1, w - kw + 1, filters)) + bias
    for i in range(output.shape[1]):
        for j in range(output.shape[2]):
            output[:, i, j] += np.tensordot(images[:, i : i + kh, j : j + kw], kernels, 3)
    return output


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return kh * kw * c_in * c_out + (c_out if use_bias else 0)


def sobel_edges(image):
    gx = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    result = np.hypot(correlate2d(image, gx), correlate2d(image, gx.T))
    image[:] = 0
    return result
