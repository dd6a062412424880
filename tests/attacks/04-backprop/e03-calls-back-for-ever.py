"""numerical_gradient calls the function that it was handed for ever."""

EXPECTED = {
    "im2col": 0,
    "col2im": 0,
    "conv2d_backward": 0,
    "relu": 0,
    "relu_backward": 0,
    "affine": 0,
    "affine_backward": 0,
    "softmax_cross_entropy": 0,
    "numerical_gradient": 0,
}
MUST_NOT = "the grader answers for ever"


def numerical_gradient(f, x, eps=1e-5):
    while True:
        try:
            f(x)
        except BaseException:
            pass
