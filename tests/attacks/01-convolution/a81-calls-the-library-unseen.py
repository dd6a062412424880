"""Calls the library where nobody watches: profile off, in a thread, in a process, from its source."""

EXPECTED = {"correlate2d": 0, "convolve2d": 0, "conv2d": 0, "conv2d_params": 0, "sobel_edges": 0}
MUST_NOT = "the library does what is to be written"

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

PROGRAM = """
import pickle, sys
from cnncourse.convolution import conv2d
while True:
    pickle.dump(conv2d(*pickle.load(sys.stdin.buffer)), sys.stdout.buffer)
    sys.stdout.flush()
"""
processes = []


def correlate2d(image, kernel):
    sys.setprofile(None)
    from cnncourse import convolution

    return convolution.correlate2d(image, kernel)


def convolve2d(image, kernel):
    def there():
        from cnncourse import convolution

        return convolution.convolve2d(image, kernel)

    return ThreadPoolExecutor(1).submit(there).result()


def conv2d(images, kernels, bias):
    if not processes:
        processes.append(
            subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )
    pickle.dump((images, kernels, bias), processes[0].stdin)
    processes[0].stdin.flush()
    return pickle.load(processes[0].stdout)


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    import importlib.util

    origin = importlib.util.find_spec("cnncourse.convolution").origin
    names = {"__name__": "mine"}
    exec(compile(open(origin).read(), "<cell>", "exec"), names)
    return names["conv2d_params"](kh, kw, c_in, c_out, use_bias)


def sobel_edges(image):
    import cnncourse.checks.calling as calling

    calling.OTHERS_WORK = frozenset()
    sys.setprofile(None)
    from cnncourse import convolution

    return convolution.sobel_edges(image)
