"""What every picture is made of: the :class:`Picture` itself, the house's colours and sizes, and what stands for one
that cannot be drawn yet.

Sizes on the paper are inches; a picture of :data:`WIDE` inches is still readable on a telephone.
"""

from __future__ import annotations

import base64
import contextlib
import html
import io
from collections.abc import Iterator

import numpy as np

__all__ = ["Picture", "when_ready"]

INK, SOFT, FAINT, PAPER = "#1f2933", "#52606d", "#c3ccd5", "#ffffff"
ACCENT, COOL = "#c2410c", "#1d4e89"
WINDOW, RESULT = "#fde8d7", "#d6e8fa"  # the pixels being read, the entry being written
PIXELS_PER_INCH = 84  # on the page; drawn at twice that
WIDE = 5.2
LARGE, SMALL = 10, 9  # points


class Picture:
    """A figure with its description. Notebooks show it; in a terminal it prints the description.

    Args:
        figure: a ``matplotlib.figure.Figure``.
        alt: what can be seen in it, in words.
        caption: a line beneath it.
    """

    def __init__(self, figure, alt: str, caption: str = ""):
        self.figure = figure
        self.alt = alt
        self.caption = caption

    def on(self, data) -> Picture:
        """The picture for what was made from a data set: where that is a stand-in, a line beneath it says so.

        Args:
            data: a :class:`cnncourse.datasets.Dataset`, or anything with a ``caption``.

        >>> from types import SimpleNamespace
        >>> print(Picture(None, "Two curves.").on(SimpleNamespace(caption="generated reviews in place of IMDB")))
        Two curves. Made from generated reviews in place of IMDB.
        """
        return Picture(self.figure, self.alt, f"Made from {data.caption}." if data.caption else self.caption)

    def show(self) -> None:
        """Show the picture here, which a cell's last line does by itself."""
        _show(self)

    def png(self) -> bytes:
        """The picture as a PNG file."""
        file = io.BytesIO()
        style = {"facecolor": PAPER, "bbox_inches": "tight", "pad_inches": 0.1}
        self.figure.savefig(file, format="png", dpi=2 * PIXELS_PER_INCH, **style)
        return file.getvalue()

    def _repr_html_(self) -> str:
        png = self.png()
        width = int.from_bytes(png[16:20], "big") // 2  # a PNG's header holds its width
        image = (
            f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" alt="{html.escape(self.alt)}" '
            f'width="{width}" style="max-width: 100%; height: auto; border-radius: 6px">'
        )
        if not self.caption:
            return image
        line = f'<figcaption style="font-style: italic">{html.escape(self.caption)}</figcaption>'
        return f'<figure style="margin: 0">{image}{line}</figure>'

    def __repr__(self) -> str:
        return f"{self.alt} {self.caption}".rstrip()


@contextlib.contextmanager
def when_ready(*functions: str) -> Iterator[None]:
    """Draw with functions that may not be written yet: instead of an error, say what the picture is waiting for.

    >>> from cnncourse.plots import images
    >>> def correlate2d(image, kernel):
    ...     raise NotImplementedError
    >>> with when_ready("correlate2d"):
    ...     images([correlate2d(np.eye(3), np.ones((2, 2)))], ["edges"]).show()
    This picture is drawn with your correlate2d, which is not written yet. Come back when the check above passes.
    """
    names, one = " and ".join(functions), len(functions) == 1
    try:
        yield
    except NotImplementedError:
        waiting = "which is not written yet" if one else "not all of which are written yet"
        _show(_Note(f"This picture is drawn with your {names}, {waiting}. Come back when the check above passes."))
    except Exception as error:
        problem = f"{type(error).__name__}: {error}".removesuffix(": ")
        _show(_Note(f"This picture is drawn with your {names}, and that failed with {problem}. See the check above."))


class _Note:
    """A sentence in the place of a picture."""

    def __init__(self, text: str):
        self.text = text

    def _repr_html_(self) -> str:
        # The colours of whatever theme the notebook has.
        return (
            '<p style="border-left: 4px solid #9aa5b1; padding: 0.3em 0.8em; margin: 0.4em 0; opacity: 0.85">'
            f"{html.escape(self.text)}</p>"
        )

    def __repr__(self) -> str:
        return self.text


def _show(thing) -> None:
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = None
    if get_ipython and get_ipython():
        display(thing)
    else:
        print(thing)


def canvas(width: float, height: float):
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def place(figure, left: float, top: float, width: float, height: float):
    """Axes in a figure, in inches from its upper left corner."""
    across, down = figure.get_size_inches()
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def say(figure, left: float, top: float, words: str, **style):
    """Words in a figure, in inches from its upper left corner, centred where nothing else is said."""
    across, down = figure.get_size_inches()
    style = {"ha": "center", "va": "top", "fontsize": LARGE, "color": INK} | style
    return figure.text(left / across, 1 - top / down, words, **style)


def width_of(words: str, size: float) -> float:
    """How wide a line of words is, in inches, when it is written in this many points."""
    from matplotlib.textpath import TextPath

    return TextPath((0, 0), words, size=size).get_extents().width / 72 if words.strip() else 0.0


def checked(array, name: str, *axes: str, gaps: bool = False) -> np.ndarray:
    """The array, after making sure that it holds finite numbers along these axes. Raises ``ValueError`` otherwise.

    With ``gaps`` NaN may stand where there is no number.

    >>> checked([[1, 2]], "maps", "H", "W", "C")
    Traceback (most recent call last):
    ValueError: maps must have the shape (H, W, C), got (1, 2)
    """
    array = np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got {array.dtype}")
    if array.ndim != len(axes):
        shape = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
        raise ValueError(f"{name} must have the shape {shape}, got {array.shape}")
    if not array.size:
        raise ValueError(f"{name} must have at least one entry, got the shape {array.shape}")
    fine = np.isfinite(array) | np.isnan(array) if gaps else np.isfinite(array)
    wrong = array.size - np.count_nonzero(fine)
    if wrong:
        kind = "infinite" if gaps else "NaN or infinite"
        raise ValueError(f"{name} must be finite, but {wrong} of its {array.size} entries are {kind}")
    return array.astype(np.uint8) if array.dtype.kind == "b" else array


def written(value) -> str:
    """A number in four digits."""
    return f"{float(value) + 0.0:.4g}"  # adding zero turns -0 into 0


def listed(array: np.ndarray) -> str:
    """A small array in words."""
    return "[" + ", ".join("[" + ", ".join(map(written, row)) + "]" for row in array) + "]"


def percent(share: float) -> str:
    """A share in percent; only what is all or nothing is called 100 % or 0 %.

    >>> percent(0.981), percent(0.99999), percent(1)
    ('98.1 %', '>99.9 %', '100 %')
    """
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.9995 <= share < 1:
        return ">99.9 %"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def series(words: list[str]) -> str:
    """Words as a sentence lists them.

    >>> series(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
