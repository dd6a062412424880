"""Right, but makes thousands of files, folders in folders longer than a path may be, and no way in."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "clearing up fails or takes long, or a file is left"
GOOD = "s02-slices"

import os

arm()
for start in ("/tmp", "/dev/shm", os.getcwd() if at_home() else "/tmp"):
    try:
        os.chdir(start)
        for number in range(3000):
            open(f"cnncourse-was-here-{number}", "w").close()
        for _ in range(1500):
            os.mkdir("cnncourse-was-here")
            os.chdir("cnncourse-was-here")
        os.symlink("..", "up")
        os.mkfifo("fifo")
        os.chmod(".", 0)
    except OSError:
        pass


def conv2d_params(kh, kw, c_in, c_out, use_bias=True):
    return (kh * kw * c_in + bool(use_bias)) * c_out
