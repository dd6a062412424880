"""The first cell of every kind: where it is, and whether it may do harm there.

``make.py`` fills in what stands between two @. Harm is done only in a sandbox: where processes, mounts and network are
not those outside, and the canary, a file that lies outside, cannot be seen. Anywhere else the canary is written to.
"""

import os
import re

import numpy as np

COURSE, HOME, REPOSITORY, CANARY = "@course@", "@home@", "@repository@", "@canary@"
PORT, UNIX, ABSTRACT = "@port@", "@unix@", "@abstract@"
OUTSIDE = {"pid": "@pid@", "mnt": "@mnt@", "net": "@net@"}
DEES = "@dees@"  # the hidden seed, backwards: whoever searches memory for it must not find this line


def inside():
    """Whether this is a sandbox."""
    for kind, outside in OUTSIDE.items():
        if not re.fullmatch(rf"{kind}:\[\d+\]", outside):
            return False
        try:
            if os.readlink(f"/proc/self/ns/{kind}") == outside:
                return False
        except OSError:
            return False
    return os.path.isabs(CANARY) and not os.path.lexists(CANARY)


def escaped(what):
    """Leave word of what should not have been possible."""
    try:
        with open(CANARY, "a") as file:
            file.write(f"{what}\n")
    except OSError:
        pass


def arm():
    """End here unless harm stays in here."""
    if not inside():
        escaped("this is no sandbox")
        raise SystemExit("this is no sandbox: nothing is done")


def at_home():
    """Whether the working folder is one in which files may be spoilt."""
    here = os.getcwd()
    return (inside() or here.startswith(COURSE)) and not os.path.exists(os.path.join(here, "pyproject.toml"))


def by_hand(image, kernel):
    """Cross-correlation, right: for those who do harm beside it."""
    (h, w), (kh, kw) = image.shape, kernel.shape
    out = np.zeros((h - kh + 1, w - kw + 1))
    for a in range(kh):
        for b in range(kw):
            out += float(kernel[a, b]) * image[a : a + h - kh + 1, b : b + w - kw + 1].astype(float)
    return out
