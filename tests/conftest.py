"""What every test stands on: quiet frameworks, fixed seeds, the repository's root."""

import gc
import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# nbgrader runs alembic by name, and notebooks' kernels are started by name.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

from hypothesis import settings  # noqa: E402

settings.register_profile("course", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("course")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def float64():
    """Keras computes in float64, whatever it computes."""
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy("float32")
    keras.config.set_floatx("float32")


@pytest.fixture(scope="module", autouse=True)
def memory_given_back():
    """What a file's tests leave in circles of references is freed before the next file's begin."""
    yield
    gc.enable()
    gc.collect()
