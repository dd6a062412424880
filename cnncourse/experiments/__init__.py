"""The runs that the course is judged by: recorded on the real data, and done again by one command.

>>> EXPERIMENTS["lenet5"].title
'LeNet-5 on all of MNIST: as in 1998, as today, and with distorted digits'
"""

import contextlib
from collections.abc import Mapping

import numpy as np

from cnncourse.experiments.alexnet import CATS_AND_DOGS
from cnncourse.experiments.backprop import SIMPLE_CONVNET
from cnncourse.experiments.dropout import BATCH_NORMALISATION, DROPOUT
from cnncourse.experiments.engine import Experiment, Published, keep, run, summary
from cnncourse.experiments.initializers import INITIALIZERS
from cnncourse.experiments.lenet import LENET5, MNIST
from cnncourse.experiments.tables import Table, duration, results
from cnncourse.experiments.text import IMDB, REUTERS, SPAM

__all__ = [
    "EXPERIMENTS",
    "Experiment",
    "Published",
    "Table",
    "comparison",
    "find",
    "keep",
    "listing",
    "predictions",
    "record",
    "results",
    "run",
    "summary",
    "table",
    "training",
]

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        SIMPLE_CONVNET,
        IMDB,
        REUTERS,
        SPAM,
        MNIST,
        LENET5,
        CATS_AND_DOGS,
        INITIALIZERS,
        DROPOUT,
        BATCH_NORMALISATION,
    )
}


def find(name: str) -> Experiment:
    """The experiment of that name; ``ValueError`` names them all where there is none."""
    if name not in EXPERIMENTS:
        raise ValueError(f"there is no experiment {name!r}: {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]


def record(name: str) -> dict:
    """What was recorded of an experiment on the real data; ``ValueError`` where there is none of that name.

    >>> sorted(record("lenet5"))
    ['configuration', 'data', 'environment', 'experiment', 'runs']
    """
    return find(name).record()


def table(name: str) -> Table:
    """The record of an experiment as :func:`results` shows it."""
    return results(find(name), record(name))


def training(name: str, variant: str, seed: int = 0) -> dict:
    """One training of a record: its ``history``, ``test``, ``parameters`` and whatever else was kept.

    >>> sorted(training("dropout", "without")["history"])
    ['accuracy', 'loss', 'val_accuracy', 'val_loss']

    Raises:
        ValueError: no such experiment, or no such training in its record.
    """
    for found in record(name)["runs"]:
        if (found["variant"], found["seed"]) == (variant, seed):
            return found
    raise ValueError(f"the record of {name} has no training of {variant!r} with the seed {seed}")


def predictions(training: Mapping, labels, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """What a recorded network said of the test samples, as :func:`cnncourse.plots.mistakes` reads it.

    Args:
        training: of a record, with ``predictions``: the first seed of a variant that keeps them.
        labels: ``(N,)``, the true classes of the test samples, in the data set's order.
        num_classes: how many classes there are.

    Returns:
        The predicted classes ``(N,)``, and probabilities ``(N, num_classes)`` that are true where a sample was kept:
        of a right answer that was not, only that it was right is known.

    >>> kept = {"predictions": {"index": [1], "predicted": [2], "probability": [0.9]}}
    >>> predictions(kept, [0, 1], 3)
    (array([0, 2]), array([[1. , 0. , 0. ],
           [0. , 0. , 0.9]]))
    """
    kept = training["predictions"]
    predicted = np.array(labels, np.int64)
    predicted[kept["index"]] = kept["predicted"]
    probabilities = np.eye(num_classes)[predicted]
    probabilities[kept["index"], kept["predicted"]] = kept["probability"]
    return predicted, probabilities


def listing() -> Table:
    """Every experiment in a line, and how long its record took."""
    table = []
    for experiment in EXPERIMENTS.values():
        try:
            runs = experiment.record()["runs"]
            words = f"{len(runs)} trainings, {duration(sum(run['processor_seconds'] for run in runs))}"
        except ValueError:
            words = f"{len(experiment.trainings)} trainings"
        table.append((experiment.name, words, experiment.title))
    return Table(table, ("experiment", "recorded", "what it asks"))


def comparison(experiment: Experiment, found: dict) -> str:
    """What a run has found, and beneath it what the record says."""
    parts = [experiment.title]
    if not found["data"]["real"]:
        parts.append(f"These are {found['data']['title']}: the figures can be compared with each other alone.")
    if found.get("quick"):
        parts.append("A quick look at 512 samples: whether it works, and nothing else.")
    parts.append(str(results(experiment, found)))
    with contextlib.suppress(ValueError):
        recorded = experiment.record()
        parts += [f"The record, on {recorded['data']['title']}:", str(results(experiment, recorded))]
    return "\n\n".join(parts)
