"""One slice of the image for each kernel entry; all of it right."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
ANSWER = (
    "Neighbouring pixels belong together, and an edge is an edge everywhere: few weights, shared by all places, do."
)


def correlate2d(image, kernel):
    (h, w), (kh, kw) = image.shape, kernel.shape
    return sum(
        kernel[a, b] * image[a : a + h - kh + 1, b : b + w - kw + 1].astype(float) for a in range(kh) for b in range(kw)
    )


def convolve2d(image, kernel):
    return correlate2d(image, kernel[::-1, ::-1])


def conv2d(images, kernels, bias):
    kh, kw, c, f = kernels.shape
    oh, ow = images.shape[1] - kh + 1, images.shape[2] - kw + 1
    result = np.zeros((images.shape[0], oh, ow, f))
    for a in range(kh):
        for b in range(kw):
            result += images[:, a : a + oh, b : b + ow, :] @ kernels[a, b]
    return result + bias


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out


def sobel_edges(image):
    smooth, difference = np.array([1, 2, 1]), np.array([-1, 0, 1])
    gx = correlate2d(image, np.outer(smooth, difference))
    gy = correlate2d(image, np.outer(difference, smooth))
    return np.hypot(gx, gy)
