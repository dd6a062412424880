"""What training did: learning curves, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cnncourse.plots.picture import (
    ACCENT,
    COOL,
    FAINT,
    INK,
    LARGE,
    PAPER,
    SMALL,
    SOFT,
    WIDE,
    Picture,
    canvas,
    checked,
    percent,
    place,
    say,
    series,
    width_of,
    written,
)

__all__ = ["confusion_matrix", "learning_curves", "spread"]

CURVES = {
    "loss": "training loss",
    "val_loss": "validation loss",
    "accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
}
# Shapes and colours come round at different times, so that no two curves share both.
COLOURS = [ACCENT, COOL, "#3e6b1f", "#6b3fa0", INK]
MARKERS = "os^Dv<P*"


def learning_curves(history: Mapping, monitor: str | None = None) -> Picture:
    """Loss and accuracy after every epoch, and the epoch at which validation was best.

    One history is drawn on twin axes, the loss on the left and the accuracy on the right; several histories on two
    panels, one below the other. Validation curves are drawn through, training curves dashed.

    Args:
        history: lists of equal length, one number for each epoch, under Keras's names: ``loss``, ``val_loss``,
            ``accuracy``, ``val_accuracy``, as many of them as there are; other names are not drawn. NaN in one of
            validation stands for an epoch without validation data and leaves a gap. Or what Keras's ``fit`` returns. Or
            several of either by name, ``{"MLP": ..., "CNN": ...}``, to compare them.
        monitor: the name that decides which epoch is best: the lowest loss or the highest accuracy, the first of equal
            ones. Without it ``val_loss``, or ``val_accuracy`` where there is no ``val_loss``.

    Raises:
        ValueError: nothing to draw, lists of different lengths, a number that is not finite, an unknown monitor.

    >>> learning_curves({"loss": [0.9, 0.4, 0.2], "val_loss": [0.8, 0.5, 0.6]})
    Learning curves over 3 epochs. The training loss falls from 0.9 to 0.2. The validation loss begins at 0.8, is lowest at epoch 2 with 0.5 and ends at 0.6. Best by validation loss: epoch 2 with 0.5.
    """  # noqa: E501
    if monitor is not None and monitor not in CURVES:
        raise ValueError(f"monitor must be one of {', '.join(CURVES)}, got {monitor!r}")
    history = getattr(history, "history", history)
    if not isinstance(history, Mapping):
        raise ValueError(f"history must be a dict of lists, got {type(history).__name__}")
    runs = {name: getattr(run, "history", run) for name, run in history.items()}
    if runs and all(isinstance(run, Mapping) for run in runs.values()):
        runs = {str(name): _curves(run, f"history[{name!r}]") for name, run in runs.items()}
        return _compared(runs, {name: _best(curves, monitor) for name, curves in runs.items()})
    curves = _curves(history, "history")
    return _twins(curves, _best(curves, monitor))


def confusion_matrix(matrix, class_names: Sequence[str] | None = None) -> Picture:
    """How often each class was taken for each: rows are the true classes, columns the predicted ones.

    A cell is the darker the larger its share of its row, on a square root scale, so that one mistake in a hundred can
    still be seen. Up to five classes each cell holds its count and its share; up to twelve its count, and the share of
    each row that is right stands beside it; with more classes the five most frequent confusions stand below.

    Args:
        matrix: ``(classes, classes)``, the counts.
        class_names: one for each class; their numbers when left out.

    Raises:
        ValueError: the array is not square, has fewer than two classes, or holds anything but counts.

    >>> confusion_matrix([[8, 2], [0, 10]], ["cat", "dog"])
    Confusion matrix of 2 classes, true ones in rows. 18 of 20 are right, on the diagonal (90 %). Most often confused: cat taken for dog, 2 times (20 % of cat). Counts: cat as cat 8, cat as dog 2; dog as cat 0, dog as dog 10.
    """  # noqa: E501
    matrix = checked(matrix, "matrix", "classes", "classes")
    classes = len(matrix)
    if matrix.shape != (classes, classes) or classes < 2:
        raise ValueError(f"matrix must be square, with two classes or more, got {matrix.shape}")
    if (matrix < 0).any() or (matrix != np.floor(matrix)).any():
        raise ValueError("matrix must hold counts, whole numbers from 0")
    if not matrix.any():
        raise ValueError("matrix must count at least one example, all its entries are 0")
    if class_names is not None and len(class_names) != classes:
        raise ValueError(f"there are {classes} classes and {len(class_names)} class_names")
    names = [str(name) for name in (class_names if class_names is not None else range(classes))]
    matrix = matrix.astype(np.int64)
    seen = matrix.sum(axis=1)
    shares = matrix / np.maximum(seen, 1)[:, None]
    total, right = int(seen.sum()), int(np.trace(matrix))
    confused = _confused(matrix, shares, names, 3 if classes <= 12 else 5)

    named = classes <= 20
    ticks = np.arange(0, classes, 1 if named else 5)
    marks = [names[k] if named else str(k) for k in ticks]
    widest = max(width_of(mark, SMALL) for mark in marks)
    left = 0.32 + widest
    beside = 0.75 if 5 < classes <= 12 else 0.0  # the share of each row that is right
    cell = min((WIDE - left - beside) / classes, 0.85 if classes <= 5 else 0.5)
    side = cell * classes
    turned = named and widest > cell - 0.05
    under = 0.3 + (widest if turned else 0.13)
    below = confused if classes > 12 else []
    width = max(left + side + beside, WIDE if below else 2.8)
    left = (width - left - side - beside) / 2 + left
    figure = canvas(width, 0.36 + side + under + 0.2 * len(below) + (0.65 if below else 0))
    say(figure, width / 2, 0.02, f"{right:,} of {total:,} right ({percent(right / total)})")
    axes = place(figure, left, 0.36, side, side)
    axes.imshow(np.sqrt(shares), cmap=_shades(), vmin=0, vmax=1, interpolation="nearest")
    axes.set_xticks(ticks, marks, fontsize=SMALL, color=INK, rotation=90 if turned else 0)
    axes.set_yticks(ticks, marks, fontsize=SMALL, color=INK)
    axes.tick_params(length=0 if named else 3, color=FAINT, pad=3)
    axes.set_xlabel("predicted", fontsize=SMALL, color=SOFT, labelpad=2)
    axes.set_ylabel("true", fontsize=SMALL, color=SOFT, labelpad=2)
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.8)
    if classes <= 12:
        for line in range(1, classes):
            axes.axhline(line - 0.5, color=FAINT, lw=0.8)
            axes.axvline(line - 0.5, color=FAINT, lw=0.8)
        size = min(SMALL, SMALL * (cell - 0.04) / width_of(f"{matrix.max():,}", SMALL))
        for (i, j), many in np.ndenumerate(matrix):
            words = f"{many:,}" if many else ""
            if classes <= 5:
                words = f"{many:,}\n{percent(shares[i, j])}" if seen[i] else "–"
            colour = PAPER if np.sqrt(shares[i, j]) > 0.65 else "black"  # a contrast of 4.5 on any shade
            axes.text(j, i, words, ha="center", va="center", fontsize=size, color=colour)
    if beside:
        for i in range(classes):
            words = percent(shares[i, i]) if seen[i] else "–"
            axes.text(classes - 0.35, i, words, ha="left", va="center", fontsize=SMALL, color=INK)
        axes.text(classes - 0.35, -0.6, "right", ha="left", va="bottom", fontsize=SMALL, color=SOFT)
    if below:
        foot = 0.36 + side + under
        _legend_of_shares(figure, width / 2, foot + 0.08)
        for number, sentence in enumerate(["most often confused:", *below]):
            say(figure, width / 2, foot + 0.45 + 0.2 * number, sentence, fontsize=SMALL, color=INK if number else SOFT)

    alt = [f"Confusion matrix of {classes} classes, true ones in rows."]
    alt.append(f"{right:,} of {total:,} are right, on the diagonal ({percent(right / total)}).")
    alt.append(f"Most often confused: {'; '.join(confused)}." if confused else "Nothing is confused.")
    if not seen.all():
        alt.append(f"There is no example of {series([names[k] for k in np.flatnonzero(seen == 0)])}.")
    if classes <= 5:
        rows = [", ".join(f"{a} as {b} {matrix[i, j]:,}" for j, b in enumerate(names)) for i, a in enumerate(names)]
        alt.append(f"Counts: {'; '.join(rows)}.")
    elif classes <= 12:
        recalls = [f"{name} {percent(shares[i, i])}" for i, name in enumerate(names) if seen[i]]
        alt.append(f"Right of each class: {', '.join(recalls)}.")
    return Picture(figure, " ".join(alt))


def spread(layers: Mapping[str, Sequence[float]], what: str = "activations") -> Picture:
    """How widely the numbers in each layer of a deep network scatter, from the first layer to the last.

    The scale is logarithmic, since a signal that shrinks or grows by a factor in every layer does so exponentially. A
    layer of zeros cannot be drawn: its curve ends there.

    Args:
        layers: for each network by name, the standard deviation of each of its layers.
        what: of which numbers.

    Raises:
        ValueError: nothing to draw, or a number below 0 or not finite.

    >>> spread({"He": [1.0, 1.1, 0.9], "small": [1.0, 0.1, 0.01]})
    Standard deviation of the activations, layer by layer. He: from 1 to 0.9 in 3 layers. small: from 1 to 0.01 in 3 layers.
    """  # noqa: E501
    if not layers:
        raise ValueError("there must be at least one network, got none")
    curves = {str(name): checked(values, f"layers[{name!r}]", "layers") for name, values in layers.items()}
    for name, curve in curves.items():
        if (curve < 0).any():
            raise ValueError(f"layers[{name!r}] must hold standard deviations, got {written(curve.min())}")
    figure = canvas(WIDE, 2.6)
    axes = place(figure, 0.75, 0.1, WIDE - 0.85, 2.3)
    longest = max(map(len, curves.values()))
    _bare(axes, longest, [np.ones(1)], "accuracy", INK)
    axes.set_xlabel("layer", fontsize=LARGE, color=INK)
    axes.set_ylabel(f"spread of the {what}", fontsize=LARGE, color=INK)
    axes.spines["right"].set_visible(False)
    axes.set_yscale("log")
    drawn = np.concatenate([curve[curve > 0] for curve in curves.values()])
    if len(drawn):
        axes.set_ylim(max(drawn.min(), 1e-12) / 2, drawn.max() * 2)
    lines = []
    for k, (name, curve) in enumerate(curves.items()):
        colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
        seen = np.where(curve > 0, curve, np.nan)
        style = {"color": colour, "marker": marker, "ms": 4.5, "lw": 1.5, "markevery": max(1, len(curve) // 15)}
        lines += axes.plot(range(1, len(curve) + 1), seen, label=name, **style)
    _explain(figure, 2.95, lines, 2)
    told = " ".join(
        f"{name}: from {written(curve[0])} to {written(curve[-1])} in {len(curve)} layers."
        for name, curve in curves.items()
    )
    return Picture(figure, f"Standard deviation of the {what}, layer by layer. {told}")


def _curves(history, name: str) -> dict[str, np.ndarray]:
    """The curves that can be drawn, by Keras's names."""
    curves = {
        key: checked(history[key], f"{name}[{key!r}]", "epochs", gaps=key.startswith("val_"))
        for key in CURVES
        if key in history
    }
    curves = {key: curve for key, curve in curves.items() if not np.isnan(curve).all()}
    if not curves:
        held = f"has {', '.join(map(repr, history))}" if history else "is empty"
        raise ValueError(f"{name} must have one of {', '.join(CURVES)}, it {held}")
    lengths = {key: len(curve) for key, curve in curves.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{name} must have lists of equal length, got {lengths}")
    return curves


def _best(curves: dict, monitor: str | None) -> tuple[str, int] | None:
    """By which name an epoch is best, and which, counted from 0."""
    if monitor is None:
        monitor = next((key for key in ("val_loss", "val_accuracy") if key in curves), None)
        if monitor is None:
            return None
    elif monitor not in curves:
        raise ValueError(f"history has no {monitor!r} to find the best epoch by, it has {', '.join(curves)}")
    return monitor, _peak(monitor, curves[monitor])


def _peak(key: str, curve: np.ndarray) -> int:
    """The epoch, counted from 0, of the lowest loss or the highest accuracy."""
    return int(np.nanargmin(curve) if "loss" in key else np.nanargmax(curve))


def _twins(curves: dict, best) -> Picture:
    """One history: loss on the left axis, accuracy on the right."""
    epochs = len(next(iter(curves.values())))
    figure = canvas(WIDE, 3.45)
    left = place(figure, 0.55, 0.34, WIDE - 1.1, 2.2)
    kinds = [kind for kind in ("loss", "accuracy") if any(kind in key for key in curves)]
    lines = []
    for kind in kinds:
        axes = left if kind == kinds[0] else left.twinx()
        colour = ACCENT if kind == "loss" else COOL
        _bare(axes, epochs, [curve for key, curve in curves.items() if kind in key], kind, colour)
        axes.spines["right"].set_visible(axes is not left)
        axes.spines["left"].set_visible(axes is left)
        if axes is not left:
            axes.grid(False)
        for key in (kind, f"val_{kind}"):
            if key in curves:
                style = _line(key, colour, "o" if kind == "loss" else "s", curves[key])
                lines += axes.plot(range(1, epochs + 1), curves[key], label=CURVES[key], **style)
        if best and best[0] in (kind, f"val_{kind}"):
            _ring(axes, best[1], curves[best[0]], colour)
    if best:
        left.axvline(best[1] + 1, color=SOFT, lw=1, ls=":", zorder=0)
        value = written(curves[best[0]][best[1]])
        say(figure, WIDE / 2, 0.05, f"best epoch: {best[1] + 1} ({CURVES[best[0]]} {value})")
    _explain(figure, 3.0, lines, 2)
    return Picture(figure, f"Learning curves over {_epochs(curves)}. {_told(curves, best)}")


def _compared(runs: dict, bests: dict) -> Picture:
    """Several histories: a panel for the losses, below it one for the accuracies."""
    kinds = [kind for kind in ("loss", "accuracy") if any(kind in key for curves in runs.values() for key in curves)]
    longest = max(len(curve) for curves in runs.values() for curve in curves.values())
    across = 1 if max(map(len, runs)) > 16 else 2
    figure = canvas(WIDE, 2.15 * len(kinds) + 0.4)
    lines = {}
    for number, kind in enumerate(kinds):
        axes = place(figure, 0.6, 0.1 + 2.15 * number, WIDE - 0.7, 1.8)
        drawn = [curve for curves in runs.values() for key, curve in curves.items() if kind in key]
        _bare(axes, longest, drawn, kind, INK)
        axes.spines["right"].set_visible(False)
        if number < len(kinds) - 1:
            axes.set_xlabel("")
        for k, (name, curves) in enumerate(runs.items()):
            colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
            for key in (kind, f"val_{kind}"):
                if key in curves:
                    style = _line(key, colour, marker, curves[key])
                    (line,) = axes.plot(range(1, len(curves[key]) + 1), curves[key], label=name, **style)
                    lines[name] = line
            best = bests[name]
            if best and best[0] in (kind, f"val_{kind}"):
                _ring(axes, best[1], curves[best[0]], colour)
    _explain(figure, 2.15 * len(kinds) + 0.35, [*lines.values(), *_styles(runs, bests)], across)
    told = [f"{name}, {_epochs(c)}: {_told(c, bests[name])}" for name, c in runs.items()]
    return Picture(figure, f"Learning curves of {len(runs)} histor{'ies' if len(runs) > 1 else 'y'}. {' '.join(told)}")


def _explain(figure, top: float, lines: list, columns: int) -> None:
    """What the lines are, below the axes; the picture grows with it."""
    style = {"frameon": False, "fontsize": SMALL, "labelcolor": INK, "handlelength": 2.8, "borderaxespad": 0}
    spot = (0.5, 1 - top / figure.get_size_inches()[1])
    figure.legend(handles=lines, loc="upper center", bbox_to_anchor=spot, ncols=min(columns, len(lines)), **style)


def _bare(axes, epochs: int, curves: list, kind: str, colour: str) -> None:
    """Axes with whole epochs, faint level lines, and a scale that begins at 0 for losses."""
    from matplotlib.ticker import MaxNLocator

    margin = max(0.5, 0.02 * epochs)
    step = next(step for step in (times * 10**k for k in range(9) for times in (1, 2, 5)) if epochs <= 10 * step)
    axes.set(xlim=(1 - margin, epochs + margin), xticks=range(step, epochs + 1, step))
    low, high = min(map(np.nanmin, curves)), max(map(np.nanmax, curves))
    room = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
    if kind == "loss":
        axes.set_ylim(low - room if low < 0 else 0, high + room)
    else:
        axes.set_ylim(low - room, min(high + room, 1) if high <= 1 else high + room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color=FAINT, lw=0.5, alpha=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL, labelcolor=INK, color=FAINT, length=3)
    axes.tick_params(axis="y", labelcolor=colour)
    axes.set_xlabel("epoch", fontsize=LARGE, color=INK)
    axes.set_ylabel(kind, fontsize=LARGE, color=colour)
    for name, spine in axes.spines.items():
        spine.set(color=FAINT, visible=name != "top")


def _line(key: str, colour: str, marker: str, curve: np.ndarray) -> dict:
    """Validation is drawn through, training dashed and hollow."""
    trained = not key.startswith("val_")
    return {
        "color": colour,
        "ls": (0, (4, 2)) if trained else "-",
        "lw": 1.2 if trained else 1.8,
        "marker": marker,
        "ms": 4.5,
        "mfc": PAPER if trained else colour,
        "markevery": 1 if np.isnan(curve).any() else max(1, len(curve) // 15),  # an epoch between gaps has no line
        "clip_on": False,
    }


def _ring(axes, epoch: int, curve, colour: str) -> None:
    axes.plot([epoch + 1], [curve[epoch]], "o", ms=12, mfc="none", mec=colour, mew=1.5, clip_on=False, zorder=4)


def _styles(runs: dict, bests: dict) -> list:
    """What the lines and the ring mean, for the legend."""
    from matplotlib.lines import Line2D

    keys = {key for curves in runs.values() for key in curves}
    entries = []
    if any(key.startswith("val_") for key in keys):
        entries.append(Line2D([], [], color=SOFT, lw=1.8, label="validation"))
    if any(not key.startswith("val_") for key in keys):
        entries.append(Line2D([], [], color=SOFT, lw=1.2, ls=(0, (4, 2)), label="training"))
    if any(bests.values()):
        by = {CURVES[best[0]] for best in bests.values() if best}
        label = f"best {by.pop()}" if len(by) == 1 else "best epoch"
        entries.append(Line2D([], [], ls="", marker="o", ms=10, mfc="none", mec=SOFT, mew=1.5, label=label))
    return entries


def _epochs(curves: dict) -> str:
    count = len(next(iter(curves.values())))
    return f"{count} epoch{'s' * (count > 1)}"


def _told(curves: dict, best) -> str:
    """How each curve runs, and which epoch is best."""
    sentences = []
    for key, curve in curves.items():
        known = curve[~np.isnan(curve)]
        first, last = written(known[0]), written(known[-1])
        peak = _peak(key, curve)
        if len(known) == 1:
            way = f"is {first}"
        elif curve[peak] not in (known[0], known[-1]):
            word = "lowest" if "loss" in key else "highest"
            way = f"begins at {first}, is {word} at epoch {peak + 1} with {written(curve[peak])} and ends at {last}"
        elif first == last:
            way = f"begins and ends at {first}"
        else:
            way = f"{'rises' if known[-1] > known[0] else 'falls'} from {first} to {last}"
        gaps = f", known for {len(known)} of {len(curve)} epochs," if len(known) < len(curve) else ""
        sentences.append(f"The {CURVES[key]}{gaps} {way}.")
    if best:
        key, epoch = best
        sentences.append(f"Best by {CURVES[key]}: epoch {epoch + 1} with {written(curves[key][epoch])}.")
    return " ".join(sentences)


def _confused(matrix: np.ndarray, shares: np.ndarray, names: list[str], most: int) -> list[str]:
    """The most frequent confusions in words."""
    wrong = matrix * (1 - np.eye(len(matrix), dtype=matrix.dtype))
    told = []
    for spot in np.argsort(-wrong, axis=None, kind="stable")[:most]:
        i, j = divmod(int(spot), len(matrix))
        if wrong[i, j]:
            times = "once" if wrong[i, j] == 1 else f"{wrong[i, j]:,} times"
            told.append(f"{names[i]} taken for {names[j]}, {times} ({percent(shares[i, j])} of {names[i]})")
    return told


def _shades():
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("share", [PAPER, "#123047"])


def _legend_of_shares(figure, middle: float, top: float) -> None:
    """Which share is how dark."""
    axes = place(figure, middle - 1.1, top, 2.2, 0.1)
    axes.imshow(np.linspace(0, 1, 256)[None], cmap=_shades(), extent=(0, 1, 0, 1), aspect="auto")
    shares = [0, 0.05, 0.25, 1]
    axes.set(yticks=[], label="scale")
    axes.set_xticks(np.sqrt(shares), [percent(share) for share in shares], fontsize=SMALL, color=INK)
    axes.tick_params(length=0, pad=2)
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.8)
