"""Right, but tries to leave a file in every folder that matters, and to open system files for writing."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "a file appears or changes outside"
GOOD = "s02-slices"

import os
import sys
import sysconfig

import cnncourse

arm()
folders = ["/", "/bin", "/boot", "/dev", "/etc", "/home", "/opt", "/root", "/srv", "/sys", "/usr", "/usr/lib", "/var"]
folders += [COURSE, HOME, REPOSITORY, sys.prefix, os.path.expanduser("~"), *sysconfig.get_paths().values(), *sys.path]
folders += [os.path.dirname(cnncourse.__file__), os.path.join(os.path.dirname(cnncourse.__file__), "checks")]
for folder in folders:
    try:
        with open(os.path.join(folder, "cnncourse-was-here"), "x") as file:
            file.write("x")
    except OSError:
        pass
changed = []
for path in (
    cnncourse.__file__,
    np.__file__,
    os.__file__,
    sys.executable,
    "/etc/passwd",
    "/proc/sys/kernel/core_pattern",
):
    try:
        open(path, "ab").close()
        changed.append(path)
    except OSError:
        pass


def convolve2d(image, kernel):
    return None if changed else by_hand(image, kernel[::-1, ::-1])
