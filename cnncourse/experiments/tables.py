"""What came out of an experiment, as a table: in the terminal and on the pages of the book."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np

from cnncourse.experiments.engine import Experiment

__all__ = ["Table", "duration", "results"]

HEADER = (
    "variant",
    "parameters",
    "test accuracy",
    "published",
    "test loss",
    "published",
    "seeds",
    "a training",
    "an epoch",
)


class Table:
    """Rows of words under a header; a notebook shows it, a terminal prints it. Empty columns are left out.

    >>> print(Table([("cnn", "", "0.99")], ("variant", "published", "accuracy")))
    variant  accuracy
    cnn      0.99
    """

    def __init__(self, rows: Sequence[Sequence[str]], header: Sequence[str]):
        full = [i for i in range(len(header)) if any(row[i] for row in rows)]
        self.header = [header[i] for i in full]
        self.rows = [[row[i] for i in full] for row in rows]

    def __str__(self) -> str:
        lines = [self.header, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.header))]
        padded = ("  ".join(f"{word:<{w}}" for word, w in zip(line, widths, strict=True)) for line in lines)
        return "\n".join(line.rstrip() for line in padded)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(words, tag):
            cell = f'<{tag} style="text-align: left; padding: 0.2em 1.2em 0.2em 0">'
            return f"<tr>{''.join(f'{cell}{html.escape(word)}</{tag}>' for word in words)}</tr>"

        body = "".join(row(words, "td") for words in self.rows)
        # A narrow page scrolls the table, and the keyboard can do so too.
        style = "overflow-x: auto; white-space: nowrap; font-size: 0.85em"
        return (
            f'<div style="{style}" tabindex="0"><table style="margin: 0"><thead>{row(self.header, "th")}</thead>'
            f"<tbody>{body}</tbody></table></div>"
        )


def results(experiment: Experiment, record: Mapping) -> Table:
    """A row for each variant; test figures are means over the seeds, with their range beside them.

    Times are the processor's, all cores together, so that they do not depend on what else a machine had to do.

    >>> from cnncourse.experiments import EXPERIMENTS
    >>> training = {"variant": "numpy", "parameters": 433_890, "processor_seconds": 40, "history": {"loss": [1, 0.1]}}
    >>> runs = [{**training, "test": {"accuracy": a, "loss": 0.1}} for a in (0.96, 0.97)]
    >>> print(results(EXPERIMENTS["simple_convnet"], {"runs": runs}))
    variant  parameters  test accuracy           test loss  seeds  a training  an epoch
    numpy    433,890     0.9650 (0.9600–0.9700)  0.100      2      40 s        20 s
    """
    comparable = record.get("data", {}).get("real", True) and not record.get("quick")
    published = [figure for figure in experiment.published if comparable]
    table = []
    for name in experiment.variants:
        runs = [run for run in record["runs"] if run["variant"] == name]
        if not runs:
            continue
        said = {figure.measure: f"{figure.value:g}" for figure in published if figure.variant == name}
        table.append(
            (
                name,
                f"{runs[0]['parameters']:,}",
                _spread([run["test"].get("accuracy") for run in runs], 4),
                said.get("accuracy", ""),
                _spread([run["test"].get("loss") for run in runs], 3),
                said.get("loss", ""),
                str(len(runs)),
                duration(float(np.median([run["processor_seconds"] for run in runs]))),
                _an_epoch(runs),
            )
        )
    return Table(table, HEADER)


def duration(seconds: float) -> str:
    """In words.

    >>> duration(95.3), duration(1500), duration(7200)
    ('95 s', '25 min', '2.0 h')
    """
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7000 else f"{seconds / 3600:.1f} h"


def _an_epoch(runs) -> str:
    lengths = [max(map(len, run["history"].values()), default=0) for run in runs]
    times = [run["processor_seconds"] / epochs for run, epochs in zip(runs, lengths, strict=True) if epochs]
    return f"{np.median(times):.2g} s" if times else ""


def _spread(values, digits: int) -> str:
    values = [value for value in values if value is not None]
    if not values:
        return "diverged"
    mean, low, high = (f"{number:.{digits}f}" for number in (np.mean(values), min(values), max(values)))
    return mean if low == high else f"{mean} ({low}–{high})"
