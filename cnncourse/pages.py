"""How a page of the book begins: :func:`prepare`.

Every chapter calls it in its first, hidden cell, so that pages look alike, give the same numbers each time they are
built, and carry no greeting of the framework's.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator

import numpy as np

STYLE = {"figure.dpi": 130, "font.size": 11, "axes.spines.top": False, "axes.spines.right": False}


def prepare(framework: bool = False, seed: int = 1):
    """Set what all pages share: the look of matplotlib's figures, seeds, and a framework that keeps quiet.

    Figures are drawn as JPEG: photographs weigh a quarter of what they weigh as PNG.

    Args:
        framework: import Keras as well, on the processor alone.
        seed: of Python's, NumPy's and the framework's global generators.

    Returns:
        The module ``keras``, or None.

    Example:
        >>> from cnncourse.pages import prepare
        >>> prepare() is None
        True
    """
    from matplotlib import pyplot
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    with contextlib.suppress(AttributeError):  # outside a notebook there is nothing to set
        set_matplotlib_formats("jpeg", pil_kwargs={"quality": 85})
    pyplot.rcParams.update(STYLE)
    random.seed(seed)
    np.random.seed(seed)
    if not framework:
        return None
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    with silence():
        import keras

        keras.utils.set_random_seed(seed)
        keras.layers.Conv2D(1, 1)(np.zeros((1, 1, 1, 1), np.float32))
    return keras


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """TensorFlow greets on the process's stderr, when it is imported and at its first call."""
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
