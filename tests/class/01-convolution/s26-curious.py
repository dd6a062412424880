"""Right, and wants to know the tests: prints its inputs and the environment, and raises an error that carries them.

The error costs convolve2d; the rest is right.
"""

EXPECTED = {"correlate2d": 4, "convolve2d": 0, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
ANSWER = "Few weights."

GOOD = "s02-slices"

import os


def correlate2d(image, kernel):
    text = "INPUT " + " ".join(f"{float(number):.6f}" for number in np.ravel(image))
    print(text)
    os.write(1, text.encode())
    os.write(2, text.encode())
    from IPython.display import display

    display(text)
    (h, w), (kh, kw) = image.shape, kernel.shape
    return sum(
        kernel[a, b] * image[a : a + h - kh + 1, b : b + w - kw + 1].astype(float) for a in range(kh) for b in range(kw)
    )


print(os.environ.get("CNNCOURSE_HIDDEN_SEED"))


class Found(BaseException):
    pass


def convolve2d(image, kernel):
    raise Found("INPUT " + " ".join(f"{float(number):.6f}" for number in np.ravel(image)))
