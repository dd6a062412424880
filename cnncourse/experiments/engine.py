"""Runs an experiment, one training after the other, and remembers every one that has ended.

A training is a *variant* (what is trained, and how) with a *seed* (all that is random). Each one's result lies in a
file of its own as soon as it is there, so a run that was interrupted goes on where it was, and the record is put
together from those files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np

from cnncourse.datasets import Dataset
from cnncourse.datasets.store import alone
from cnncourse.pipelines import Splits

__all__ = ["Experiment", "Job", "Published", "keep", "run", "summary"]

RECORDS = Path(__file__).parent / "records"
LARGEST = 200_000  # bytes of a record
DIGITS = 5  # of a number in a record: far below the differences between seeds


@dataclass(frozen=True)
class Published:
    """A figure that somebody else reported for a variant, and where."""

    variant: str
    measure: str
    value: float
    source: str


@dataclass(frozen=True)
class Experiment:
    """What is compared with what, on which data.

    Attributes:
        name: what ``cnncourse experiment`` calls it.
        title: a line that says what is asked.
        chapter: the page of the book that shows the record.
        load: returns :class:`cnncourse.pipelines.Splits` and the :class:`cnncourse.datasets.Dataset` they are made of.
        data: what ``load`` is called with, by name; part of the configuration.
        train: a function of (configuration of the variant, splits, :class:`Job`) that returns what is recorded of a
            training: ``parameters``, ``history``, ``test``, and whatever else the chapter shows.
        variants: the configuration of each; all that decides its result except the seed, as JSON can write it. One
            that takes very long may name ``seeds`` of its own.
        published: figures to compare with.
        seeds: of the trainings of each variant.
    """

    name: str
    title: str
    chapter: str
    load: Callable[..., tuple[Splits, Dataset]]
    data: Mapping
    train: Callable[[Mapping, Splits, Job], dict]
    variants: Mapping[str, Mapping]
    published: Sequence[Published] = ()
    seeds: Sequence[int] = (0, 1, 2)

    @property
    def configuration(self) -> dict:
        """All that decides the results, as the record holds it."""
        return _plain({"data": self.data, "variants": self.variants, "seeds": list(self.seeds)})

    @property
    def trainings(self) -> list[tuple[str, int]]:
        """Every variant with every seed."""
        return _pairs({name: variant.get("seeds", self.seeds) for name, variant in self.variants.items()})

    def record(self) -> dict:
        """What was recorded on the real data; ``ValueError`` where there is no record."""
        path = RECORDS / f"{self.name}.json"
        if not path.exists():
            raise ValueError(f"there is no record of {self.name} yet: cnncourse experiment {self.name} --record")
        return json.loads(path.read_text(encoding="utf-8"))


class Job:
    """One training as it goes on: its seed, its folder for what must outlive an interruption, and its progress.

    Attributes:
        seed: of all that is random.
        folder: empty at the beginning; what lies there is kept until the training has ended.
        first: whether this is the variant's first seed, the one of which a gallery shows the predictions.
    """

    def __init__(self, seed: int, folder: Path, first: bool, progress: Callable[[int, str], None]):
        self.seed = seed
        self.folder = folder
        self.first = first
        self._progress = progress
        self._begun = time.perf_counter(), time.process_time()
        self._before = (0.0, 0.0)

    @property
    def seconds(self) -> tuple[float, float]:
        """How long it has taken so far, by the clock and of the processors, earlier sittings included."""
        now = time.perf_counter(), time.process_time()
        return tuple(b + n - s for b, n, s in zip(self._before, now, self._begun, strict=True))

    def goes_on_after(self, seconds: Sequence[float]) -> None:
        """An earlier sitting took so long already."""
        self._before = tuple(seconds)

    def report(self, epoch: int, words: str) -> None:
        """So many epochs are done."""
        self._progress(epoch, words)


def run(
    experiment: Experiment,
    folder: Path,
    *,
    only: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    quick: bool = False,
    fresh: bool = False,
    progress: bool = True,
) -> dict:
    """Do every training of an experiment that has not been done, and put the results together.

    Args:
        experiment: one of :data:`cnncourse.experiments.EXPERIMENTS`.
        folder: where the results lie; it is made.
        only: names of variants; all of them when left out.
        seeds: instead of the experiment's own.
        quick: 512 samples, a tenth of the epochs, one seed: whether it works, and nothing else.
        fresh: forget what was done.
        progress: whether to show a bar.

    Returns:
        The record: ``experiment``, ``configuration``, ``data``, ``environment``, ``runs``. Trainings that were done
        earlier and are not asked for now are in it too, as long as their configuration and their data are the same.

    Raises:
        ValueError: a variant that the experiment does not have.
    """
    unknown = [name for name in only if name not in experiment.variants]
    if unknown:
        raise ValueError(f"{experiment.name} has no variant {unknown[0]!r}: {', '.join(experiment.variants)}")
    folder = Path(folder) / (f"{experiment.name}-quick" if quick else experiment.name)
    folder.mkdir(parents=True, exist_ok=True)
    splits, dataset = experiment.load(**experiment.data)
    told = {"name": dataset.name, "title": dataset.title, "real": dataset.real, "digest": dataset.digest}
    if quick:
        splits = _first(splits, train=512, others=256)
    variants = {name: _quick(variant) if quick else dict(variant) for name, variant in experiment.variants.items()}
    planned = {name: list(variant.pop("seeds", experiment.seeds)) for name, variant in variants.items()}
    wanted = {name: list(seeds or (planned[name][:1] if quick else planned[name])) for name in only or variants}
    if any(variant.get("library") == "keras" for variant in variants.values()):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras  # noqa: F401 - here, so that no training is charged for it

    def key(name, seed):
        decides = [experiment.data, variants[name], seed, told, quick]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()

    if fresh:
        for name, seed in _pairs(wanted):
            _result(folder, name, seed).unlink(missing_ok=True)
            shutil.rmtree(_work(folder, name, seed), ignore_errors=True)
    left = [pair for pair in _pairs(wanted) if _done(_result(folder, *pair), key(*pair)) is None]
    epochs = {name: variant.get("epochs", 1) for name, variant in variants.items()}
    cost = _costs(experiment)  # so that the bar knows which of them takes long
    with _bar(sum(epochs[name] * cost[name] for name, _ in left), progress) as bar:
        for name, seed in left:
            bar.set_description(f"{name}, seed {seed}")
            begun, step = bar.n, cost[name]

            def tell(epoch, words, begun=begun, step=step):
                bar.set_postfix_str(words, refresh=False)
                bar.update(begun + epoch * step - bar.n)

            work, result = _work(folder, name, seed), _result(folder, name, seed)
            with alone(work.with_suffix(".lock"), f"Another process trains {work.name}; waiting for it."):
                if _done(result, key(name, seed)) is None:  # it is, if another process has been waited for
                    _made_for(work, key(name, seed))
                    job = Job(seed, work, seed == planned[name][0], tell)
                    found = experiment.train(variants[name], splits, job)
                    clock, processor = job.seconds
                    found = {"variant": name, "seed": seed, "seconds": clock, "processor_seconds": processor, **found}
                    _write(result, {"key": key(name, seed), **_rounded(found)})
                    shutil.rmtree(work, ignore_errors=True)
            tell(epochs[name], "")  # fewer may have been enough
    every = {name: dict.fromkeys([*planned[name], *wanted.get(name, ())]) for name in variants}
    found = [_done(_result(folder, *pair), key(*pair)) for pair in _pairs(every)]
    record = {
        "experiment": experiment.name,
        "configuration": experiment.configuration,
        "data": told,
        "environment": environment(),
        "runs": [run for run in found if run is not None],
    }
    if quick:
        record["quick"] = True
    _write(folder.with_suffix(".json"), record)
    return record


def keep(experiment: Experiment, record: Mapping) -> Path:
    """Make this the experiment's record, the one that the book shows.

    Raises:
        ValueError: it was not made on the real data, not all of it is there, or it is too large to go with the book.
    """
    if record.get("quick"):
        raise ValueError("a quick look is no record")
    if not record["data"]["real"]:
        raise ValueError(f"a record is made on the real data, and this was {record['data']['title']}")
    done = {(run["variant"], run["seed"]) for run in record["runs"]}
    missing = [pair for pair in experiment.trainings if pair not in done]
    if missing:
        raise ValueError(f"{len(missing)} trainings are missing, the first is {missing[0][0]}, seed {missing[0][1]}")
    path = RECORDS / f"{experiment.name}.json"
    if len(json.dumps(record).encode()) > LARGEST:
        raise ValueError(f"a record has at most {LARGEST:,} bytes; record fewer predictions")
    _write(path, record)
    return path


def summary(record: Mapping, measure: str = "accuracy") -> dict[str, tuple[float, float, float]]:
    """The mean, the lowest and the highest of a test figure over the seeds, for each variant.

    >>> runs = [{"variant": "cnn", "test": {"accuracy": a}} for a in (0.97, 0.99)]
    >>> {name: [round(number, 3) for number in numbers] for name, numbers in summary({"runs": runs}).items()}
    {'cnn': [0.98, 0.97, 0.99]}
    """
    found: dict[str, list[float]] = {}
    for run in record["runs"]:
        if measure in run.get("test", {}):
            found.setdefault(run["variant"], []).append(run["test"][measure])
    return {name: (float(np.mean(values)), min(values), max(values)) for name, values in found.items()}


def environment() -> dict:
    """On what the trainings run: versions, and the kind of machine."""
    versions = {"python": platform.python_version()}
    for package in ("numpy", "keras", "tensorflow", "jax", "torch"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    found = {"versions": versions, "system": f"{platform.system()} {platform.machine()}", "device": "CPU"}
    if "keras" in sys.modules:
        import keras

        found["backend"] = keras.backend.backend()
        found["device"] = _device(found["backend"])
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {**found, "cores": cores}


def _device(backend: str) -> str:
    if backend == "tensorflow":
        import tensorflow as tf

        graphics = tf.config.list_physical_devices("GPU")
        return tf.config.experimental.get_device_details(graphics[0]).get("device_name", "GPU") if graphics else "CPU"
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    import jax

    return str(jax.devices()[0].device_kind)


def _first(splits: Splits, train: int, others: int) -> Splits:
    names = [name for name in vars(splits) if name[:2] in ("x_", "y_")]
    return replace(splits, **{name: getattr(splits, name)[: train if "train" in name else others] for name in names})


def _quick(configuration: Mapping) -> dict:
    quick = dict(configuration)
    if "epochs" in quick:
        quick["epochs"] = max(1, quick["epochs"] // 10)
    return quick


def _plain(thing):
    """As it comes back from JSON."""
    return json.loads(json.dumps(thing))


def _pairs(seeds: Mapping[str, Sequence[int]]) -> list[tuple[str, int]]:
    return [(name, seed) for name, some in seeds.items() for seed in some]


def _costs(experiment: Experiment) -> dict[str, float]:
    """How long an epoch of each variant took when it was recorded; 1 where there is no record."""
    costs = dict.fromkeys(experiment.variants, 1.0)
    with contextlib.suppress(ValueError):
        costs |= {run["variant"]: run.get("epoch_seconds", 1.0) for run in experiment.record()["runs"]}
    return costs


def _rounded(thing):
    if isinstance(thing, Mapping):
        return {str(name): _rounded(value) for name, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [_rounded(value) for value in thing]
    if isinstance(thing, np.ndarray):
        return _rounded(thing.tolist())
    if isinstance(thing, np.generic):
        return _rounded(thing.item())
    return float(f"{thing:.{DIGITS}g}") if isinstance(thing, float) else thing


def _work(folder: Path, variant: str, seed: int) -> Path:
    """What a training leaves while it goes on."""
    return folder / f"{variant}-{seed}"


def _result(folder: Path, variant: str, seed: int) -> Path:
    return folder / f"{variant}-{seed}.json"


def _done(path: Path, key: str) -> dict | None:
    """The result of a training, if it has ended and was of the same configuration on the same data."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if found.pop("key", None) == key else None


def _made_for(folder: Path, key: str) -> None:
    """An empty folder, unless what lies there belongs to this very training."""
    mark = folder / "key"
    if not (mark.exists() and mark.read_text() == key):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mark.write_text(key)


def _write(path: Path, thing) -> None:
    """In one step: whoever reads sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    lines = json.dumps(thing, ensure_ascii=False, separators=(",", ":"))
    beside.write_text(lines + "\n", encoding="utf-8")
    os.replace(beside, path)


def _bar(total: float, progress: bool):
    from tqdm import tqdm

    return tqdm(
        total=total,
        disable=not progress,
        dynamic_ncols=True,
        mininterval=0.2 if sys.stderr.isatty() else 30,  # in a file every change is a line
        bar_format="{desc} {percentage:3.0f}% |{bar}| {elapsed}, {remaining} left{postfix}",
    )
