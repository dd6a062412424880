"""How a Keras model is judged: by what it does when it is called, however it was built.

A model is called once, on symbols instead of numbers, and every layer that works on the way is written down, in the
order of the work: a Sequential model, a functional one and a subclass give the same table. An activation counts as part
of the layer before it, whether it is an argument, a layer or a function. No weight is ever made, so AlexNet's
62 million parameters cost nothing.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cnncourse.checks.calling import Elsewhere, Fault
from cnncourse.checks.task import Panel, Told

__all__ = ["Row", "compare", "input_shape", "rows_built", "rows_of"]

# What is compared of a layer, besides its output's shape and its parameters.
SETTINGS = ("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "pool_size", "units", "rate")
SETTINGS += ("input_dim", "output_dim", "use_bias", "data_format")
SHOWN = ("kernel_size", "pool_size", "strides", "padding", "rate")
ACTIVATIONS = {"Activation", "ReLU", "Relu", "Softmax", "Sigmoid", "Tanh", "LeakyReLU", "LeakyRelu", "ELU", "Elu"}
ACTIVATIONS |= {"PReLU", "Gelu", "Silu", "Selu", "Softplus", "HardSigmoid"}
NOT_COUNTED = {"InputLayer", "Identity", "ConvertToTensor"}


@dataclass(frozen=True)
class Row:
    """A layer at work: its kind ("Conv2D"), output shape without the batch, parameters, activation, settings, and the
    initializers of its weights by name."""

    kind: str
    shape: tuple[int, ...]
    params: int
    activation: str
    settings: tuple[tuple[str, object], ...]
    initializers: tuple[tuple[str, str], ...]

    def setting(self, name: str):
        """One of the settings, or None."""
        return dict(self.settings).get(name)

    def words(self) -> list[str]:
        """The row as it is shown."""
        plain = {"strides": (1, (1, 1), self.setting("pool_size")), "padding": ("valid",)}
        told = [
            f"{name} {self.setting(name)}".replace("_size", "").replace("(", "").replace(")", "").replace(", ", " × ")
            for name in SHOWN
            if self.setting(name) is not None and self.setting(name) not in plain.get(name, ())
        ]
        shape = " × ".join(str(n) for n in self.shape)
        return [
            self.kind,
            shape,
            f"{self.params:,}",
            self.activation if self.activation != "linear" else "",
            ", ".join(told),
        ]


def compare(reference: Callable, pick: Callable[[Row], object], input_of: Callable, keep=lambda row: True, says=""):
    """A probe that builds the model and compares something of its layers.

    Args:
        reference: builds the right model; its table is shown beside the learner's.
        pick: from a :class:`Row` what is compared of it: ``lambda row: row.shape``.
        input_of: from the builder's arguments the shape of one input, without the batch, and its dtype.
        keep: which rows count: ``lambda row: row.kind == "Conv2D"``.
        says: what a tutor says below the two tables.

    Within one verdict a model is built once for the same arguments, however many cases look at it.
    """

    def probe(call, *args):
        shape, dtype = input_of(*args)
        fn, outcome = call.fn, call.outcome
        there = isinstance(fn, Elsewhere)
        rows = _kept(
            (fn, outcome.verdict if outcome else None, args),
            (lambda: [Row(*row) for row in fn.built(outcome, "rows", args, shape, dtype)])
            if there
            else (lambda: rows_built(lambda: call(*args), shape, dtype)),
        )
        wanted = _kept((reference, None, args), lambda: rows_built(lambda: reference(*args), shape, dtype))
        numbers = np.array([zlib.crc32(repr(pick(row)).encode()) for row in rows if keep(row)], dtype=float)
        same = [keep(a) == keep(b) and (not keep(a) or pick(a) == pick(b)) for a, b in zip(rows, wanted, strict=False)]
        first = same.index(False) if False in same else len(same)
        window = (slice(first + 1, first + 2), slice(0, 5))
        tables = (Panel("your layers", _table(rows), window), Panel("expected", _table(wanted), window))
        return Told(numbers, says or "The first row that differs is marked.", tables)

    return probe


def rows_of(model, shape: tuple[int, ...], dtype: str = "float32") -> list[Row]:
    """The layers of a Keras model in the order in which they work on one input of this shape.

    Raises:
        Fault: it is no Keras model.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise Fault("None" if model is None else type(model).__name__, "model")
    try:
        with _on_symbols():
            model(keras.Input(shape, dtype=dtype))  # what is built only when it is called is built now
        with _on_symbols() as calls:
            output = model(keras.Input(shape, dtype=dtype))
        found = list(_leaves(calls))
    except (TypeError, ValueError):  # a TensorFlow function inside does not take symbols: then with numbers
        found, output = _on_numbers(model, shape, dtype)
    if not hasattr(output, "shape"):
        raise Fault(type(output).__name__, "model")
    rows = []
    for operation, result, after in found:
        kind = type(operation).__name__
        if kind in NOT_COUNTED:
            continue
        if kind in ACTIVATIONS and rows and rows[-1].activation == "linear":
            rows[-1] = replace(rows[-1], activation=_activation(operation))
        else:
            rows.append(_row(operation, result))
        if after and rows[-1].activation == "linear":
            rows[-1] = replace(rows[-1], activation=after)
    return rows


# -- building --------------------------------------------------------------------------------------------------------

_BUILT: dict = {}  # (builder, arguments) → rows, for the verdict under way
_MOST = 1000  # models at a time; their tables are small


def _kept(key, build) -> list[Row]:
    """The rows of a model, which is built once for the same (builder, verdict, arguments)."""
    if key not in _BUILT:
        if len(_BUILT) > _MOST:
            _BUILT.clear()
        _BUILT[key] = build()
    return _BUILT[key]


def rows_built(build: Callable, shape: tuple[int, ...], dtype: str = "float32") -> list[Row]:
    """The rows of the model that is built by a call of ``build``, without making its weights where that is possible."""
    import keras

    try:
        with keras.StatelessScope(initialize_variables=False), _not_compiled():
            return rows_of(build(), shape, dtype)
    except (TypeError, ValueError):  # it works on numbers while it is built, and so needs weights
        return rows_of(build(), shape, dtype)


def input_asked(call, *args) -> tuple | None:
    """What :func:`input_shape` says, asked by a probe: where the function is elsewhere, it is found out there."""
    fn, outcome = call.fn, call.outcome
    if isinstance(fn, Elsewhere):
        return fn.built(outcome, "input_shape", args)
    return input_shape(call, *args)


def input_shape(build: Callable, *args) -> tuple | None:
    """The shape of one input that the model built by ``build(*args)`` asks for; None where it takes what comes."""
    import keras

    try:
        with keras.StatelessScope(initialize_variables=False):  # no weight is made
            model = build(*args)
    except (TypeError, ValueError):  # it was compiled, for which some are needed
        model = build(*args)
    try:
        return tuple(model.input_shape[1:])
    except (AttributeError, IndexError, TypeError, ValueError):
        return None


@contextlib.contextmanager
def _not_compiled():
    """``compile`` does nothing: an optimizer would ask for the weights, and how a model is trained is not judged."""
    from keras.src.trainers.trainer import Trainer

    before = Trainer.compile
    Trainer.compile = lambda self, *args, **kwargs: None
    try:
        yield
    finally:
        Trainer.compile = before


@contextlib.contextmanager
def _on_symbols():
    """Every operation that is called, as a tree: (operation, result, the calls inside it)."""
    import keras
    from keras.src.ops.operation import Operation

    calls = []
    stack = [calls]
    before = Operation.symbolic_call, keras.layers.Layer.symbolic_call

    def made_of_layers(operation):
        return isinstance(operation, keras.Model) or bool(getattr(operation, "_layers", ()))

    def operation_called(self, *args, **kwargs):
        result = before[0](self, *args, **kwargs)
        stack[-1].append((self, result, []))
        return result

    def layer_called(self, *args, **kwargs):
        inside = []
        stack.append(inside)
        try:
            if made_of_layers(self):
                result = self.call(*args, **kwargs)
            else:
                result = before[1](self, *args, **kwargs)
                inside.clear()  # how a layer does its own work is its own business
        finally:
            stack.pop()
        stack[-1].append((self, result, inside))
        return result

    Operation.symbolic_call, keras.layers.Layer.symbolic_call = operation_called, layer_called
    try:
        yield calls
    finally:
        Operation.symbolic_call, keras.layers.Layer.symbolic_call = before


def _leaves(calls):
    """The operations that do the work: of a layer made of layers, those inside it."""
    for operation, result, inside in calls:
        if inside:
            yield from _leaves(inside)
        else:
            yield operation, result, ""


def _on_numbers(model, shape, dtype):
    """The same from a call with numbers. What happens to them between two layers shows which activation was there."""
    import keras
    from keras.src.ops.operation import Operation

    calls = []
    before = Operation.__call__

    def called(self, *args, **kwargs):
        so_far = len(calls)
        result = before(self, *args, **kwargs)
        if len(calls) == so_far:  # nothing was called inside it
            calls.append((self, args[0] if args else None, result))
        return result

    rng = np.random.default_rng(0)
    numbers = rng.standard_normal((2, *shape)) if dtype.startswith("float") else rng.integers(0, 2, (2, *shape))
    Operation.__call__ = called
    try:
        output = model(numbers.astype(dtype))
    finally:
        Operation.__call__ = before
    names = ("relu", "softmax", "sigmoid", "tanh", "elu", "gelu")
    found = []
    for (operation, _, result), (_, given, _) in zip(calls, [*calls[1:], (None, output, None)], strict=True):
        after = ""
        if given is not None and given is not result and tuple(given.shape) == tuple(result.shape):
            theirs, ours = np.asarray(given), np.asarray(result)
            if not np.allclose(theirs, ours, atol=1e-6):
                same = (n for n in names if np.allclose(theirs, getattr(keras.activations, n)(ours), atol=1e-6))
                after = next(same, "unknown")
        found.append((operation, result, after))
    return found, output


def _row(operation, result) -> Row:
    first = result[0] if isinstance(result, (list, tuple)) else result
    config = operation.get_config() if hasattr(operation, "count_params") else {}
    settings = tuple((name, _plain(config[name])) for name in SETTINGS if config.get(name) is not None)
    params = sum(int(np.prod(weight.shape)) for weight in getattr(operation, "weights", ()))
    initializers = tuple(
        (name.removesuffix("_initializer"), _initializer(value))
        for name, value in config.items()
        if name.endswith("_initializer")
    )
    return Row(type(operation).__name__, tuple(first.shape[1:]), params, _activation(operation), settings, initializers)


def _activation(operation) -> str:
    if hasattr(operation, "activation"):
        return getattr(operation.activation, "__name__", str(operation.activation))
    kind = type(operation).__name__
    return kind.lower() if kind in ACTIVATIONS else "linear"


# What Keras's named initializers are made of: scale, mode and distribution of a VarianceScaling.
_SCALINGS = {
    (1.0, "fan_in", "truncated_normal"): "LecunNormal",
    (1.0, "fan_in", "uniform"): "LecunUniform",
    (1.0, "fan_avg", "truncated_normal"): "GlorotNormal",
    (1.0, "fan_avg", "uniform"): "GlorotUniform",
    (2.0, "fan_in", "truncated_normal"): "HeNormal",
    (2.0, "fan_in", "uniform"): "HeUniform",
}


def _initializer(config) -> str:
    """As "HeNormal" or "RandomNormal(mean=0.0, stddev=0.01)", without seeds."""
    if not isinstance(config, dict):
        return str(config)
    name = str(config.get("class_name"))
    settings = {k: v for k, v in config.get("config", {}).items() if k not in ("seed", "dtype") and v is not None}
    if name == "VarianceScaling":
        parts = settings.get("scale"), settings.get("mode"), settings.get("distribution")
        return _SCALINGS.get(parts, f"{name}{parts}")
    inside = ", ".join(f"{k}={v}" for k, v in sorted(settings.items()))
    return f"{name}({inside})" if inside else name


def _plain(value):
    if isinstance(value, (list, tuple)):
        return value[0] if len(value) == 1 else tuple(value)
    return value


def _table(rows: list[Row]) -> list[list[str]]:
    return [["layer", "output", "parameters", "activation", ""], *(row.words() for row in rows)]
