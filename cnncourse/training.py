"""The loop that trains a network: shuffle, take a batch, go forward and backward, take a step, again.

``book/backprop.md`` builds it. Everything a long training needs is in it: a bar that shows how long it will
take, early stopping, and a way to end it with Ctrl-C and keep what was learned.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from cnncourse.dropout import early_stopping
from cnncourse.shapes import whole_number

__all__ = ["Trainer"]


class Trainer:
    """Trains a network, epoch by epoch.

    Args:
        network: a :class:`cnncourse.networks.Sequential`.
        optimizer: of :mod:`cnncourse.optimizers`.
        batch_size: how many samples each step sees.
        seed: of the order of the samples, or a ``np.random.Generator``.

    >>> from cnncourse.networks import Dense, Sequential
    >>> from cnncourse.optimizers import SGD
    >>> x, y = np.eye(4), np.arange(4)
    >>> trainer = Trainer(Sequential([Dense(4)], (4,)), SGD(1.0), batch_size=2)
    >>> history = trainer.fit(x, y, epochs=20, progress=False)
    >>> history["accuracy"][-1]
    1.0

    Source: ``keras.Model.fit``.
    """

    def __init__(self, network, optimizer, batch_size: int = 32, seed=0):
        self.network = network
        self.optimizer = optimizer
        self.batch_size = whole_number(batch_size, "batch_size")
        self.rng = np.random.default_rng(seed)
        self._epochs: list[dict[str, float]] = []

    @property
    def history(self) -> dict[str, list[float]]:
        """What :meth:`fit` returns: for all epochs so far, of every ``fit``."""
        names = dict.fromkeys(name for row in self._epochs for name in row)
        return {name: [row.get(name, float("nan")) for row in self._epochs] for name in names}

    def fit(self, x, y, epochs: int, validation_data=None, patience: int | None = None, progress: bool = True) -> dict:
        """Train for a number of epochs; each sees every sample once, in a new order. Calling it again goes on.

        Ctrl-C ends the training early, says so, and returns as usual. The network then has the weights of the best
        epoch if there is validation data, otherwise those after the last whole epoch.

        Args:
            x: ``(N, …)``, samples as the network reads them.
            y: ``(N, …)``, targets as its loss reads them.
            epochs: how many, at least 1.
            validation_data: a pair (x, y) that is never trained on; the loss and accuracy on it are measured after each
                epoch.
            patience: stop after this many epochs without a strictly lower ``val_loss``, and in any case return to the
                weights of the epoch in which it was lowest. None trains for all epochs and keeps the last weights.
            progress: whether to show a bar on the error stream.

        Returns:
            A list for each of ``loss``, ``accuracy``, ``seconds`` and, with validation data, ``val_loss``,
            ``val_accuracy``, with one entry for each epoch. Loss and accuracy are means over the samples, each batch
            measured before the step that it took part in; as in Keras.

        Raises:
            ValueError: arguments that do not belong together; the message says which.
            FloatingPointError: the loss or a weight is no longer a finite number, or the data hold such numbers. The
                network then has the weights that Ctrl-C would leave.
        """
        x, y = _paired(x, y, "x and y")
        epochs = whole_number(epochs, "epochs")
        if validation_data is not None:
            if len(validation_data) != 2:
                raise ValueError(f"validation_data must be a pair (x, y), got {len(validation_data)} of them")
            validation_data = _paired(*validation_data, "validation_data")
            # A mistake in it should show now, and not after the first epoch.
            try:
                self.network.evaluate(*(array[:1] for array in validation_data))
            except ValueError as error:
                raise ValueError(f"validation_data: {error}") from error
        if patience is not None:
            patience = whole_number(patience, "patience")
            if validation_data is None:
                raise ValueError(f"patience={patience} needs validation_data to watch, got None")

        before = kept = len(self._epochs)
        keep = None  # where to return when the training ends early: the weights after ``kept`` epochs
        try:
            from tqdm import tqdm

            keep = self.network.get_weights()
            batches = epochs * -(-len(x) // self.batch_size)
            interval = 0.1 if sys.stderr.isatty() else 2  # in a file every change is a line
            bar = tqdm(total=batches, unit="batch", mininterval=interval, disable=not progress)
            # Numbers that grow too large are found in the loss, where it can be said what to do about them.
            with bar, np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                for epoch in range(epochs):
                    bar.set_description(f"epoch {epoch + 1}/{epochs}")
                    self._epochs.append(self._epoch(x, y, validation_data, bar))
                    best = epoch
                    if validation_data is not None:
                        best = early_stopping(self.history["val_loss"][before:], patience or epochs)[1]
                    if best == epoch:
                        keep, kept = self.network.get_weights(), len(self._epochs)
                    elif epoch - best == patience:
                        break
            if patience is not None:
                self.network.set_weights(keep)
        except BaseException as reason:
            if keep is not None:
                self.network.set_weights(keep)
            if not isinstance(reason, KeyboardInterrupt):
                raise
            done = len(self._epochs)
            when = f"after {done} whole epoch{'s' * (done > 1)}" if done > before else "before the first epoch ended"
            left = f"has the weights of epoch {kept}" if kept > before else "is as it was"
            print(f"Interrupted {when}; the network {left}.", file=sys.stderr)
        return self.history

    def _epoch(self, x, y, validation_data, bar) -> dict[str, float]:
        """Every sample once; what goes into the history."""
        data = {"x": x, "y": y}
        if validation_data is not None:
            data |= {"the x of validation_data": validation_data[0], "the y of validation_data": validation_data[1]}
        started = time.perf_counter()
        order = self.rng.permutation(len(x))
        loss = hits = seen = 0
        for start in range(0, len(x), self.batch_size):
            batch = order[start : start + self.batch_size]
            batch_loss, gradients = self.network.loss_and_gradients(x[batch], y[batch])
            self._check_finite([batch_loss], data, first=not (self._epochs or seen))
            self.optimizer.update(self.network.params, gradients)
            loss += batch_loss * len(batch)
            hits += self.network.hits(self.network.outputs, y[batch])
            seen += len(batch)
            bar.set_postfix_str(f"loss {loss / seen:.4f}", refresh=False)
            bar.update()
        row = {"loss": loss / seen, "accuracy": hits / seen}
        if validation_data is not None:
            row["val_loss"], row["val_accuracy"] = self.network.evaluate(*validation_data)
            self._check_finite([row["val_loss"]], data)
            bar.set_postfix_str(f"loss {row['loss']:.4f}, val_loss {row['val_loss']:.4f}")
        # The last step of the epoch may have been the one that went wrong.
        self._check_finite([np.sum(param) for param in self.network.params.values()], data)
        return row | {"seconds": time.perf_counter() - started}

    def _check_finite(self, numbers, data, first=False):
        """Raise when one of the numbers is not finite, and say why: the ``data``, by their names, or the training."""
        if np.isfinite(numbers).all():
            return
        for name, array in data.items():
            wrong = array.size - np.count_nonzero(np.isfinite(array)) if array.dtype.kind == "f" else 0
            if wrong:
                raise FloatingPointError(
                    f"{wrong} of the {array.size} numbers in {name} are infinite or not a number. Nothing can be "
                    "learned from them: mend or leave out these samples."
                )
        if first:
            raise FloatingPointError(
                "The loss of the very first batch, before any step, is infinite or not a number. The numbers in x, or "
                "the network's first weights, are too large."
            )
        rate = getattr(self.optimizer, "learning_rate", "?")
        raise FloatingPointError(
            f"The training diverged in epoch {len(self._epochs) + 1}: the loss or a weight is infinite or not a "
            f"number. Try a lower learning rate than {rate}."
        )


def _paired(x, y, what):
    x, y = np.asarray(x), np.asarray(y)
    if not x.ndim or not y.ndim or len(x) != len(y) or not len(x):
        raise ValueError(f"{what} must hold one target for each sample, got shapes {x.shape} and {y.shape}")
    return x, y
