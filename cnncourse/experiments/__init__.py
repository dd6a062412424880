"""The runs that the course is judged by: recorded on the real data, and done again by one command.

>>> EXPERIMENTS["lenet5"].title
'LeNet-5 on all of MNIST: as in 1998, as today, and with distorted digits'
"""

from cnncourse.experiments.alexnet import CATS_AND_DOGS
from cnncourse.experiments.backprop import SIMPLE_CONVNET
from cnncourse.experiments.dropout import BATCH_NORMALISATION, DROPOUT
from cnncourse.experiments.engine import Experiment, Published, run, summary
from cnncourse.experiments.initializers import INITIALIZERS
from cnncourse.experiments.lenet import LENET5, MNIST
from cnncourse.experiments.text import IMDB, REUTERS, SPAM

__all__ = ["EXPERIMENTS", "Experiment", "Published", "record", "run", "summary"]

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


def record(name: str) -> dict:
    """What was recorded of an experiment on the real data; ``ValueError`` where there is none of that name.

    >>> sorted(record("lenet5"))
    ['configuration', 'data', 'environment', 'experiment', 'runs']
    """
    if name not in EXPERIMENTS:
        raise ValueError(f"there is no experiment {name!r}: {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name].record()
