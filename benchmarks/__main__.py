"""``python -m benchmarks``: the library's speed beside TensorFlow, PyTorch (where installed) and the textbook's layers.

Everything runs in one thread, in float32 (the textbook in float64), the peers taking turns; each figure is a median of
processor time. Ratios compare what ran in the same minutes on the same machine, so they travel; milliseconds do not.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import tracemalloc

for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = "1"  # read when the libraries are loaded
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np  # noqa: E402

SECTIONS = ("convolutions", "winograd", "pools", "epoch", "growth", "threads")


def medians(functions: dict, repeats: int) -> dict[str, float]:
    """Seconds of processor time for each function.

    They take turns, so that a busy moment meets all of them, and each turn begins with a call that is not timed, so
    that none pays for the state in which another left cache and memory.
    """
    taken = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            function()
            start = time.process_time()
            function()
            taken[name].append(time.process_time() - start)
    return {name: float(np.median(times)) for name, times in taken.items()}


def extra_memory(function) -> float:
    """MiB that a call needs at its peak, besides what it returns."""
    function()
    tracemalloc.start()
    kept = function()
    left, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return (peak - left) / 2**20


SQUARE = np.random.default_rng(0).standard_normal((1024, 1024), dtype=np.float32)


def both_ways(peers: dict, repeats: int):
    """Times of the forward passes, and of forward and backward together; a large matrix product takes its turns too."""
    for way in (0, 1):
        yield medians({"sgemm": lambda: SQUARE @ SQUARE} | {name: pair[way] for name, pair in peers.items()}, repeats)


def share(multiply_adds: int, times: dict) -> str:
    """How fast we multiply and add, as a percentage of the large matrix product's speed."""
    return f"{100 * multiply_adds / times['numpy'] * times['sgemm'] / 1024**3:.0f}"


class Table:
    """Rows of a Markdown table, shown as they come."""

    def __init__(self, *titles: str):
        self.write(titles)
        self.write(["---", *["---:"] * (len(titles) - 1)])

    def write(self, cells):
        print("| " + " | ".join(cells) + " |", flush=True)


def ratio(ours: dict, peer: str, faster=False) -> str:
    if peer not in ours:
        return "–"
    return f"{ours[peer] / ours['numpy']:.1f}" if faster else f"{ours['numpy'] / ours[peer]:.2f}"


def convolutions(repeats):
    from benchmarks.peers import CONVOLUTIONS, convolution

    print(
        "\nConvolution: the share of a large matrix product's speed, the time as a multiple of tf.function's and\n"
        "PyTorch's, how many times faster than the textbook; forward / forward and backward. Memory beyond results.\n"
    )
    table = Table("layer", "ms", "% of sgemm", "÷ tf.function", "÷ torch", "× textbook", "MiB")
    for case in CONVOLUTIONS:
        for input_gradient in (True, False) if case.images[3] <= 3 else (True,):
            peers = convolution(case, input_gradient)
            forward, both = both_ways(peers, repeats)
            passes = 3 if input_gradient else 2
            table.write(
                [
                    case.name + ("" if input_gradient else ", first in its network"),
                    f"{1e3 * forward['numpy']:.2f} / {1e3 * both['numpy']:.2f}",
                    f"{share(case.multiply_adds, forward)} / {share(passes * case.multiply_adds, both)}",
                    f"{ratio(forward, 'tf')} / {ratio(both, 'tf')}",
                    f"{ratio(forward, 'torch')} / {ratio(both, 'torch')}",
                    f"{ratio(forward, 'textbook', True)} / {ratio(both, 'textbook', True)}",
                    f"{extra_memory(peers['numpy'][1]):.0f}",
                ]
            )


def pools(repeats):
    from benchmarks.peers import POOLS, pool

    print("\nMax-pooling; forward / forward and backward.\n")
    table = Table("layer", "ms", "÷ tf.function", "÷ torch", "× textbook")
    for name, *shape in POOLS:
        forward, both = both_ways(pool(*shape), repeats)
        table.write(
            [
                name,
                f"{1e3 * forward['numpy']:.2f} / {1e3 * both['numpy']:.2f}",
                f"{ratio(forward, 'tf')} / {ratio(both, 'tf')}",
                f"{ratio(forward, 'torch')} / {ratio(both, 'torch')}",
                f"{ratio(forward, 'textbook', True)} / {ratio(both, 'textbook', True)}",
            ]
        )


def epoch(repeats):
    from benchmarks.peers import epoch

    print("\nSimpleConvNet, an epoch of 5,000 images in batches of 100, Adam.\n")
    times = medians(epoch(), min(repeats, 5))
    table = Table("", "s", "÷ Keras fit", "× textbook")
    table.write(["one epoch", f"{times['numpy']:.2f}", f"{ratio(times, 'tf')}", f"{ratio(times, 'textbook', True)}"])


def growth(repeats):
    from cnncourse.convolution import conv2d, conv2d_backward

    print("\nHow the time grows, as a power of the side: 2 is in step with the area.\n")
    rng = np.random.default_rng(0)

    def slope(sides, layer):
        times = []
        for side in sides:
            images, kernels = (rng.standard_normal(shape, dtype=np.float32) for shape in layer(side))
            out = conv2d(images, kernels)
            run = {"": lambda x=images, w=kernels, y=out: (conv2d(x, w), conv2d_backward(y, x, w))}
            times.append(medians(run, repeats)[""])
        return np.polyfit(np.log(sides), np.log(times), 1)[0]

    table = Table("what grows", "power")
    for channels in (1, 3, 16, 64):
        shapes = "C → 16" if channels < 16 else "C → C"
        filters = max(16, channels)
        image = slope((32, 64, 128, 256), lambda n: ((2, n + 2, n + 2, channels), (3, 3, channels, filters)))  # noqa: B023
        table.write([f"image, 32² to 256² outputs, 3×3, {shapes}, C = {channels}", f"{image:.2f}"])
    for channels in (1, 3, 16, 64):
        filters = max(16, channels)
        kernel = slope((3, 5, 7, 9, 11), lambda k: ((2, 63 + k, 63 + k, channels), (k, k, channels, filters)))  # noqa: B023
        table.write([f"kernel, 3² to 11², 64×64 outputs, C = {channels}", f"{kernel:.2f}"])


def threads(repeats):
    import subprocess

    print("\nWith BLAS free to use every thread, on an idle and on a busy machine (wall time, one thread = 1).\n")
    code = (
        "import statistics, time, numpy as np\n"
        "from cnncourse.convolution import conv2d, conv2d_backward\n"
        "rng = np.random.default_rng(0)\n"
        "x = rng.standard_normal((8, 56, 56, 64), dtype=np.float32)\n"
        "w = rng.standard_normal((3, 3, 64, 64), dtype=np.float32)\n"
        "y, times = conv2d(x, w, padding=1), []\n"
        f"for _ in range({repeats}):\n"
        "    start = time.perf_counter()\n"
        "    conv2d(x, w, padding=1), conv2d_backward(y, x, w, padding=1)\n"
        "    times.append(time.perf_counter() - start)\n"
        "print(statistics.median(times))\n"
    )
    free = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}

    def run(env):
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        return float(done.stdout)

    table = Table("machine", "all threads allowed")
    table.write(["idle", f"{run(free) / run(dict(os.environ)):.2f}"])
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        table.write(["every core busy", f"{run(free) / run(dict(os.environ)):.2f}"])
    finally:
        for burner in burners:
            burner.kill()


def winograd(repeats):
    from benchmarks.peers import CONVOLUTIONS, winograd

    print("\nWinograd's way for 3×3 kernels beside tf.function's convolution; forward / forward and backward.\n")
    table = Table("layer", "ms", "÷ tf.function", "÷ our conv2d", "largest error", "MiB")
    for case in CONVOLUTIONS:
        if case.kernel != (3, 3):
            continue
        peers, error = winograd(case)
        forward, both = both_ways(peers, repeats)
        table.write(
            [
                case.name,
                f"{1e3 * forward['numpy']:.2f} / {1e3 * both['numpy']:.2f}",
                f"{ratio(forward, 'tf')} / {ratio(both, 'tf')}",
                f"{ratio(forward, 'conv2d')} / {ratio(both, 'conv2d')}",
                f"{error:.0e}",
                f"{extra_memory(peers['numpy'][1]):.0f}",
            ]
        )


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"any of {', '.join(SECTIONS)}; all by default")
    parser.add_argument("--repeats", type=int, default=11, help="how often each is timed (11)")
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - set(SECTIONS)
    if unknown or arguments.repeats < 1:
        parser.error(f"no section {', '.join(sorted(unknown))}" if unknown else "--repeats must be at least 1")

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    print(
        f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}, TensorFlow {tf.__version__}"
    )
    speed = 2 * 1024**3 / medians({"sgemm": lambda: SQUARE @ SQUARE}, arguments.repeats)["sgemm"]
    print(f"sgemm: {1e-9 * speed:.0f} GFLOP/s in one thread; medians of {arguments.repeats}")
    for section in arguments.sections or SECTIONS:
        globals()[section](arguments.repeats)


if __name__ == "__main__":
    main()
