"""What a tutor says about a function, laid out for a terminal and for a notebook.

The order is fixed: the misconception and its sentence; the smallest input on which the function goes wrong, with the
window that matters; which properties hold; where in the book to read on.
"""

from __future__ import annotations

import html
import os
import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cnncourse.checks.task import Panel

__all__ = ["Feedback"]

WIDTH = 100  # columns of a terminal


@dataclass(frozen=True)
class Feedback:
    """The parts of a message. Everything that may come from a learner is escaped when it becomes HTML."""

    function: str
    passed: bool
    misconception: str | None
    sentence: str
    read: str
    panels: list[Panel] = field(default_factory=list)
    arithmetic: str = ""
    properties: dict[str, bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    hidden_only: bool = False

    @property
    def headline(self) -> str:
        if self.passed:
            return f"{self.function}: right."
        holds = sum(self.properties.values())
        if self.misconception == "not written yet":
            return f"{self.function}: not written yet."
        if not self.properties:
            return f"{self.function}: not yet."
        return f"{self.function}: not yet right. {holds} of {len(self.properties)} properties hold."

    @property
    def some_hold(self) -> bool:
        """Whether a list of what holds and what does not says more than the headline."""
        return not self.passed and any(self.properties.values())

    @property
    def named(self) -> bool:
        """Whether there is a mistake to be named below the headline."""
        return self.misconception not in (None, "not written yet")

    @property
    def intro(self) -> str:
        """What stands above the smallest failing input."""
        if self.hidden_only:
            return "The cases you can see are right. What is wrong shows on hidden ones, drawn in the same way."
        return "The smallest input on which it goes wrong:" if self.panels or self.arithmetic else ""

    def text(self) -> str:
        lines = [f"{'✓' if self.passed else '✗'} {self.headline}"]
        if self.named:
            lines.append(f"  In short: {self.misconception}.")
        if self.sentence:
            lines += _wrap(self.sentence)
        if self.intro:
            lines += ["", *_wrap(self.intro)]
        if self.panels:
            lines += _beside(self.panels)
        if self.arithmetic:
            lines += _wrap(self.arithmetic)
        if self.some_hold:
            lines += ["", *(f"  {'✓' if holds else '✗'} {about}" for about, holds in self.properties.items())]
        for note in self.notes:
            lines += _wrap("Note: " + note)
        if not self.passed:
            lines += ["", f"  Read on: {_page(self.read)}"]
        return "\n".join(lines)

    def html(self) -> str:
        colour = "#2e7d32" if self.passed else "#b3541e"
        parts = [
            f'<div style="border-left:4px solid {colour};padding:.5em 1em;margin:.25em 0;overflow-x:auto">',
            f"<p><strong>{'✓' if self.passed else '✗'} {html.escape(self.headline)}</strong></p>",
        ]
        if self.named:
            parts.append(f"<p>In short: <strong>{html.escape(self.misconception)}</strong>.</p>")
        if self.sentence:
            parts.append(f"<p>{_inline(self.sentence)}</p>")
        if self.intro:
            parts.append(f"<p>{_inline(self.intro)}</p>")
        if self.panels:
            parts.append(
                '<div style="display:flex;flex-wrap:wrap;gap:.5em 1.5em;align-items:flex-start;margin-bottom:.75em">'
            )
            parts += [_table(panel) for panel in self.panels]
            parts.append("</div>")
        if self.arithmetic:
            parts.append(f"<p>{_inline(self.arithmetic)}</p>")
        if self.some_hold:
            items = (
                f"<li>{'✓' if holds else '✗'} {html.escape(about)}</li>" for about, holds in self.properties.items()
            )
            parts.append(f'<ul style="list-style:none;padding-left:0">{"".join(items)}</ul>')
        parts += [f"<p>{_inline('Note: ' + note)}</p>" for note in self.notes]
        if not self.passed:
            parts.append(f"<p>Read on: {_link(self.read)}</p>")
        return "".join([*parts, "</div>"])


def _wrap(text: str) -> list[str]:
    indents = {"initial_indent": "  ", "subsequent_indent": "  "}
    return textwrap.wrap(text, WIDTH, **indents, break_long_words=False, break_on_hyphens=False)


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return "nan" if np.isnan(value) else f"{round(float(value), 3) + 0.0:g}".replace("-", "−")


def _inside(window, row: int, column: int) -> bool:
    return window is not None and row in range(*window[0].indices(1000)) and column in range(*window[1].indices(1000))


def _grid(panel: Panel) -> list[str]:
    """The panel as lines of text; entries of the window stand in brackets, a row of words behind an arrow."""
    table = np.atleast_2d(panel.table)
    if table.dtype.kind == "U":
        widths = [max(map(len, column)) for column in table.T]
        lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)) for row in table]
        marks = ["→ " if _inside(panel.window, i, 0) else "  " for i in range(len(lines))]
        return [panel.title, *(mark + line.rstrip() for mark, line in zip(marks, lines, strict=True))]
    cells = [
        [f"[{_number(v)}]" if _inside(panel.window, i, j) else f" {_number(v)} " for j, v in enumerate(row)]
        for i, row in enumerate(table)
    ]
    width = max((len(cell) for row in cells for cell in row), default=0)
    return [panel.title, *("".join(cell.rjust(width) for cell in row) for row in cells)]


def _beside(panels: list[Panel]) -> list[str]:
    """Panels beside each other, in as many rows as a terminal needs."""
    lines, row, used = [], [], 0
    for grid in map(_grid, panels):
        width = max(map(len, grid)) + 3
        if row and used + width > WIDTH:
            lines += _join(row)
            row, used = [], 0
        row.append([line.ljust(width) for line in grid])
        used += width
    return lines + _join(row)


def _join(grids: list[list[str]]) -> list[str]:
    height = max(map(len, grids))
    padded = [grid + [" " * len(grid[0])] * (height - len(grid)) for grid in grids]
    return ["", *("  " + "".join(parts).rstrip() for parts in zip(*padded, strict=True)), ""]


def _table(panel: Panel) -> str:
    rows = []
    for i, row in enumerate(np.atleast_2d(panel.table)):
        cells = []
        for j, value in enumerate(row):
            mark = "font-weight:bold;background:rgba(255,167,38,.35)" if _inside(panel.window, i, j) else ""
            side = "left" if isinstance(value, str) else "right"
            cells.append(
                f'<td style="text-align:{side};padding:.15em .5em;border:1px solid #8886;{mark}">'
                f"{html.escape(_number(value))}</td>"
            )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = f'<caption style="caption-side:top;white-space:nowrap">{html.escape(panel.title)}</caption>'
    return f'<table style="border-collapse:collapse;margin:0">{caption}{"".join(rows)}</table>'


def _inline(text: str) -> str:
    """Escaped text in which `backticks` become code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _page(anchor: str) -> str:
    """The page and the place on it; Sphinx writes a label's underscores as hyphens."""
    return f"book/{anchor.split('-')[0]}.html#{anchor.replace('_', '-')}"


def _link(anchor: str) -> str:
    """The paragraph in the book: linked where the book can be found, named where it cannot."""
    address = os.environ.get("CNNCOURSE_BOOK")
    if not address:
        here = Path.cwd()
        built = next((p / "_build/html" for p in (here, *here.parents) if (p / "_build/html" / "book").is_dir()), None)
        address = os.path.relpath(built, here).replace(os.sep, "/") if built else None
    name = f"<code>{_page(anchor)}</code>"
    return f'<a href="{html.escape(address.rstrip("/"))}/{_page(anchor)}">{name}</a>' if address else name
