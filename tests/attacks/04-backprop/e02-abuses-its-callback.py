"""Right, but gives the function that it was handed everything but numbers, and calls the one of an earlier call."""

EXPECTED = {
    "im2col": 0,
    "col2im": 0,
    "conv2d_backward": 0,
    "relu": 0,
    "relu_backward": 0,
    "affine": 0,
    "affine_backward": 0,
    "softmax_cross_entropy": 0,
    "numerical_gradient": 3,
}
MUST_NOT = "the grader's own function is made to fail, loop or take memory"

earlier = []


def numerical_gradient(f, x, eps=1e-5):
    odd = [None, "x", b"x", [], {}, 10**400, float("nan"), object(), f, np, print, np.array([None]), lambda: 1 / 0]
    odd += [np.zeros((0,)), np.zeros((3, 4, 5, 6)), np.broadcast_to(1.0, (10**6, 10**6)), np.zeros(1, "V9"), Ellipsis]
    odd += [type("ndarray", (np.ndarray,), {"__array_ufunc__": lambda *args, **options: f})((2,))]
    if not earlier:
        for value in odd:
            for arguments in ((value,), (value, value), ()):
                try:
                    f(*arguments)
                except Exception:
                    pass
    for old in earlier[:1]:
        try:
            old(np.zeros(1))
        except Exception:
            pass
    earlier.append(f)
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = np.array(x, dtype=float), np.array(x, dtype=float)
        up[index] += eps
        down[index] -= eps
        gradient[index] = (f(up) - f(down)) / (2 * eps)
    return gradient
