"""cnncourse.arrays: sums that keep their digits, and a BLAS that gets its threads back."""

import subprocess
import sys

import numpy as np
import pytest

from cnncourse.activations import affine_backward
from cnncourse.arrays import sum_over_rows
from cnncourse.dropout import batch_norm, batch_norm_backward
from cnncourse.pooling import global_avg_pool2d
from cnncourse.text import global_avg_pool1d

TENTH = np.float32(0.1)


def test_sums_over_many_rows_keep_float32s_digits():
    rows = np.full((2**20, 3), TENTH)
    exact = float(TENTH) * 2**20
    np.testing.assert_allclose(sum_over_rows(rows), exact, rtol=1e-5)
    _, _, d_bias = affine_backward(rows, np.ones((2**20, 1), np.float32), np.ones((1, 3), np.float32))
    np.testing.assert_allclose(d_bias, exact, rtol=1e-5)


def test_means_over_many_pixels_keep_float32s_digits():
    images = np.full((1, 1000, 1000, 3), TENTH)
    np.testing.assert_allclose(global_avg_pool2d(images), TENTH, rtol=1e-5)
    np.testing.assert_allclose(global_avg_pool1d(images[0]), TENTH, rtol=1e-5)


def test_batch_normalisation_of_many_pixels_keeps_float32s_digits():
    images = np.random.default_rng(0).normal(100, 1, (16, 112, 112, 4)).astype(np.float32)
    gamma, beta = np.ones(4, np.float32), np.zeros(4, np.float32)
    out, _ = batch_norm(images, gamma, beta, (beta, gamma))
    exact, _ = batch_norm(images.astype(float), gamma, beta, (beta, gamma))
    np.testing.assert_allclose(out, exact, atol=1e-3)
    _, _, d_beta = batch_norm_backward(np.full_like(images, TENTH), images, gamma)
    np.testing.assert_allclose(d_beta, float(TENTH) * images[..., 0].size, rtol=1e-5)


def test_sum_over_rows_is_the_exact_sum_for_every_shape():
    rng = np.random.default_rng(0)
    for shape in ((0, 3), (1, 1), (4, 5), (2, 3, 4), (2, 3, 4, 5)):
        array = rng.integers(-9, 9, shape).astype(float)
        np.testing.assert_array_equal(sum_over_rows(array), array.reshape(-1, shape[-1]).sum(axis=0))


@pytest.mark.skipif(sys.platform == "win32", reason="no interval timer there")
def test_interrupts_leave_the_blas_its_threads():
    code = """
import random, signal
import numpy as np
from threadpoolctl import threadpool_limits, threadpool_info
from cnncourse.activations import affine

threads = lambda: [blas["num_threads"] for blas in threadpool_info() if blas["user_api"] == "blas"]
x, w = np.ones((4, 8)), np.ones((8, 3))
affine(x, w)
signal.signal(signal.SIGALRM, signal.default_int_handler)
random.seed(0)
interrupts = 0
with threadpool_limits(2, user_api="blas"):
    before = threads()
    while interrupts < 200:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0002 + 0.0005 * random.random())
            while True:
                affine(x, w)
        except KeyboardInterrupt:
            interrupts += 1
    affine(x, w)
    print(before == threads())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr
