"""What each initializer does to a signal on its way through many layers, and what training makes of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnncourse import layers, networks
from cnncourse.experiments.data import digits
from cnncourse.experiments.engine import Experiment, Job
from cnncourse.experiments.trainers import learn
from cnncourse.pipelines import Splits

RULES = ("random_normal", "random_uniform", "lecun_normal", "glorot_uniform", "he_normal")


def _network(configuration, depth, input_shape, rng):
    width, activation, rule = (configuration[name] for name in ("width", "activation", "rule"))
    hidden = [layers.Dense(width, activation=activation, kernel_initializer=rule) for _ in range(depth)]
    last = layers.Dense(10, kernel_initializer=rule)
    return networks.Sequential([layers.Flatten(), *hidden, last], input_shape, seed=rng)


def spread(configuration: Mapping, depth: int, rng: np.random.Generator) -> dict:
    """The standard deviation of the outputs of every hidden layer, and of the gradients with respect to them.

    The signal is normal noise, so that the images do not matter; the gradient at the last layer is noise as well.
    """
    signal = np.float32(rng.normal(size=(configuration["samples"], configuration["width"])))
    network = _network(configuration, depth, signal.shape[1:], rng)
    activations, gradients = [], []
    for layer in network.layers[:-1]:
        signal = layer.forward(signal)
        activations.append(float(signal.std(dtype=np.float64)))
    signal = np.float32(rng.normal(size=signal.shape))
    for layer in network.layers[-2:0:-1]:
        gradients.append(float(signal.std(dtype=np.float64)))
        signal = layer.backward(signal)
    return {"activations": activations[1:], "gradients": gradients[::-1]}


def train(configuration: Mapping, splits: Splits, job: Job) -> dict:
    """The spread through networks of several depths, then the training of one."""
    sources = [np.random.default_rng(seed) for seed in np.random.SeedSequence(job.seed).spawn(3)]
    depths = {str(depth): spread(configuration, depth, sources[0]) for depth in configuration["depths"]}
    network = _network(configuration, configuration["race_depth"], splits.x_train.shape[1:], sources[1])
    return {"spread": depths, **learn(network, configuration, splits, job, sources[2])}


INITIALIZERS = Experiment(
    name="initializers",
    title="Five initializers through 5 and 50 layers of tanh and ReLU, and the race of their training losses",
    chapter="initializers",
    load=digits,
    data={"samples": 10_000, "validation": 1000},
    train=train,
    variants={
        f"{rule}-{activation}": {
            "rule": rule,
            "activation": activation,
            "width": 256,
            "samples": 256,
            "depths": [5, 50],
            "race_depth": 5,
            "optimizer": ["SGD", {"learning_rate": 0.05}],
            "batch_size": 100,
            "epochs": 10,
        }
        for activation in ("tanh", "relu")
        for rule in RULES
    },
)
