"""Builds what a configuration says, in Keras or in the course's own NumPy, trains it and looks at the test set once.

A configuration holds:

* ``library``: "keras", or "numpy" for :mod:`cnncourse.networks`;
* ``network``: a list of ``[layer, arguments]`` by Keras's names; ``["alexnet", {"num_classes": 2}]`` is that function
  of :mod:`cnncourse.alexnet`, and a layer inside another's arguments is written in the same way;
* ``optimizer``: ``[name, arguments]``; ``decay: "cosine"`` lets the learning rate fall to 0 over the training;
* ``loss``, ``batch_size``, ``epochs``; ``patience``, if training stops early and returns to its best epoch;
* ``keep``: which predictions of the first seed are recorded: "mistakes" or "all".
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping

import numpy as np

from cnncourse import layers as numpy_layers
from cnncourse import networks, optimizers
from cnncourse.activations import softmax
from cnncourse.experiments.engine import Job
from cnncourse.lenet import confusion_matrix
from cnncourse.pipelines import Splits
from cnncourse.training import Trainer

__all__ = ["build", "learn", "train"]

CHECKPOINT = 60  # seconds between two checkpoints


def train(configuration: Mapping, splits: Splits, job: Job) -> dict:
    """Train a network as the configuration says; what is recorded of it."""
    return (_in_numpy if configuration["library"] == "numpy" else _in_keras)(configuration, splits, job)


def _in_numpy(configuration, splits, job):
    built = [getattr(numpy_layers, name)(**_initial(arguments)) for name, arguments in configuration["network"]]
    seeds = np.random.SeedSequence(job.seed).spawn(2)
    loss = configuration["loss"]
    network = networks.Sequential(built, splits.x_train.shape[1:], loss, seed=np.random.default_rng(seeds[0]))
    found = learn(network, configuration, splits, job, np.random.default_rng(seeds[1]))
    if "diverged" in found:
        return found
    kept = _kept(configuration, softmax(network.predict(splits.x_test)), splits.y_test, job)
    return {**found, "train": _measured(network, splits.x_train, splits.y_train), **kept}


def learn(network: networks.Sequential, configuration: Mapping, splits: Splits, job: Job, rng) -> dict:
    """Train a network of our own; its size, its curves, and its figures on the test set.

    Where it diverges there are no test figures, and ``diverged`` is the epoch: that is a result, too.
    """
    name, arguments = configuration["optimizer"]
    trainer = Trainer(network, getattr(optimizers, name)(**arguments), configuration["batch_size"], seed=rng)
    watched, diverged = (splits.x_val, splits.y_val), None
    for epoch in range(configuration["epochs"]):
        try:
            trainer.fit(splits.x_train, splits.y_train, 1, validation_data=watched, progress=False)
        except FloatingPointError:
            diverged = epoch + 1
            break
        job.report(epoch + 1, f"validation accuracy {trainer.history['val_accuracy'][-1]:.3f}")
    found = {
        "parameters": sum(array.size for array in network.params.values()),
        "history": {name: values for name, values in trainer.history.items() if name != "seconds"},
    }
    if diverged:
        return {**found, "diverged": diverged, "test": {}}
    test = _measured(network, splits.x_test, splits.y_test)
    return {**found, "epoch_seconds": float(np.median(trainer.history["seconds"])), "test": test}


def _measured(network, x, y) -> dict[str, float]:
    """Loss and accuracy of a network of ours, as it predicts: without dropout, with the running averages."""
    return dict(zip(("loss", "accuracy"), network.evaluate(x, y), strict=True))


def _initial(arguments):
    """An initializer may be given as ``{"normal": 0.01}``: its standard deviation."""
    initial = arguments.get("kernel_initializer")
    if isinstance(initial, Mapping):
        deviation = initial["normal"]
        return {**arguments, "kernel_initializer": lambda shape, rng: rng.normal(0, deviation, shape)}
    return arguments


def build(configuration: Mapping, input_shape, dtype="float32"):
    """The Keras model of a configuration, not compiled."""
    import keras

    from cnncourse.alexnet import alexnet

    layers = [keras.Input(input_shape, dtype=dtype)]
    for name, arguments in configuration["network"]:
        if name == "alexnet":
            layers.append(alexnet(input_shape, **arguments))
        else:
            layers.append(_layer(keras, name, arguments))
    return keras.Sequential(layers)


def _layer(keras, name, arguments):
    given = dict(arguments)
    for argument, value in arguments.items():
        if isinstance(value, list) and len(value) == 2 and isinstance(value[1], Mapping):
            given[argument] = _layer(keras, *value)
    return getattr(keras.initializers if hasattr(keras.initializers, name) else keras.layers, name)(**given)


def _in_keras(configuration, splits, job):
    import keras

    keras.utils.set_random_seed(job.seed)
    epochs, batch_size = configuration["epochs"], configuration["batch_size"]
    model, state = _begun(job)
    if model is None:
        model = build(configuration, splits.x_train.shape[1:], str(splits.x_train.dtype))
        steps = epochs * -(-len(splits.x_train) // batch_size)
        optimizer = _optimizer(keras, configuration, steps)
        # How the same numbers come sooner: several steps at a time, and XLA for loops over words, which take half
        # the time then (convolutions on a processor take twice as long).
        faster = {"steps_per_execution": 8, "jit_compile": _is_recurrent(configuration["network"])}
        model.compile(optimizer=optimizer, loss=configuration["loss"], metrics=["accuracy"], **faster)
        state = {"history": {}, "seconds": [], "best": None}
    best = None if state["best"] is None else _best_weights(job, state)
    history, saved = state["history"], time.monotonic()
    callbacks = []
    if configuration.get("tensorboard"):
        logs = job.folder.parent / "tensorboard" / job.folder.name
        callbacks.append(keras.callbacks.TensorBoard(str(logs), write_graph=False))
    for epoch in range(len(state["seconds"]), epochs):
        # Everything random in an epoch comes from the seed and its number: a training that was interrupted
        # goes on as if it had not been.
        rng = np.random.default_rng([job.seed, epoch])
        _reseed(model, rng)
        order = rng.permutation(len(splits.x_train))
        begun = time.perf_counter()
        fitted = model.fit(
            splits.x_train[order],
            splits.y_train[order],
            batch_size=batch_size,
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,
            validation_data=(splits.x_val, splits.y_val),
            validation_batch_size=max(batch_size, 128),
            verbose=0,
            callbacks=callbacks,
        )
        state["seconds"].append(time.perf_counter() - begun)
        for name, values in fitted.history.items():
            history.setdefault(name, []).append(float(values[0]))
        job.report(epoch + 1, f"validation accuracy {history['val_accuracy'][-1]:.3f}")
        if configuration.get("patience"):
            losses = history["val_loss"]
            if state["best"] is None or losses[-1] < losses[state["best"]]:
                state["best"], best = epoch, model.get_weights()
            elif epoch - state["best"] >= configuration["patience"]:
                break
        if time.monotonic() - saved > CHECKPOINT and epoch + 1 < epochs:
            _checkpoint(model, state, best, job)
            saved = time.monotonic()
    if best is not None:
        model.set_weights(best)
    loss, accuracy = model.evaluate(splits.x_test, splits.y_test, batch_size=256, verbose=0)
    outputs = model.predict(splits.x_test, batch_size=256, verbose=0)
    kept = {"best_epoch": state["best"] + 1} if configuration.get("patience") else {}
    return {
        "parameters": model.count_params(),
        "epoch_seconds": float(np.median(state["seconds"])),
        "history": history,
        **kept,
        "test": {"loss": float(loss), "accuracy": float(accuracy)},
        **_kept(configuration, outputs, splits.y_test, job),
    }


def _is_recurrent(network) -> bool:
    return any(name in ("SimpleRNN", "LSTM", "GRU", "Bidirectional") for name, _ in network)


def _optimizer(keras, configuration, steps):
    name, arguments = configuration["optimizer"]
    if configuration.get("decay") == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(arguments["learning_rate"], steps)
        arguments = {**arguments, "learning_rate": rate}
    return getattr(keras.optimizers, name)(**arguments)


def _reseed(model, rng) -> None:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            _reseed(layer, rng)
        generator = getattr(layer, "seed_generator", None) or getattr(layer, "generator", None)
        if generator is not None:
            generator.state.assign(rng.integers(2**31, size=generator.state.shape))


def _checkpoint(model, state, best, job) -> None:
    """The model first, then the line that says it is whole, then away with the one before."""
    name = f"epoch-{len(state['seconds'])}"
    model.save(job.folder / f"{name}.keras")
    if best is not None:
        np.savez(job.folder / f"{name}.npz", *best)
    before = [path for path in job.folder.glob("epoch-*") if path.stem != name]
    line = {**state, "name": name, "sittings": job.seconds}
    part = job.folder / "state.part"
    part.write_text(json.dumps(line))
    os.replace(part, job.folder / "state.json")
    for path in before:
        path.unlink()


def _begun(job):
    path = job.folder / "state.json"
    if not path.exists():
        return None, None
    import keras

    state = json.loads(path.read_text())
    job.goes_on_after(state.pop("sittings"))
    return keras.models.load_model(job.folder / f"{state['name']}.keras"), state


def _best_weights(job, state):
    with np.load(job.folder / f"{state['name']}.npz") as file:
        return [file[f"arr_{i}"] for i in range(len(file.files))]


def _kept(configuration, outputs, labels, job) -> dict:
    """The confusion matrix, and of the first seed the predictions that a gallery shows."""
    if "keep" not in configuration:
        return {}
    if outputs.shape[1] == 1:
        outputs = np.concatenate([1 - outputs, outputs], axis=1)
    predicted = outputs.argmax(axis=1)
    kept = {"confusion": confusion_matrix(labels, predicted, outputs.shape[1]).tolist()}
    if job.first:
        which = np.flatnonzero(predicted != labels) if configuration["keep"] == "mistakes" else np.arange(len(labels))
        kept["predictions"] = {
            "index": which.tolist(),
            "predicted": predicted[which].tolist(),
            "probability": [float(f"{p:.3f}") for p in outputs[which, predicted[which]]],
        }
    return kept
