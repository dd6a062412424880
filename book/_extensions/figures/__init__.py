"""The figures that move: ``{moving-figure} NAME``, and the kit they are made of.

The body is the caption; ``options`` are JSON, what the figure's own module takes::

    ```{moving-figure} slide_kernel
    :name: convolution-slide
    :options: {"bias": 3}
    Drag the kernel, or use the arrow keys.
    ```

A figure called NAME is a module of this package, ``NAME.py``, whose ``draw(**options)`` returns a :class:`Still`: the
picture for the first state, that state in words, and the values its script starts from. So a page without script shows
a complete picture, and a builder other than HTML the words. ``_static/figures/NAME.js`` moves it (and ``NAME.css``
styles it, where the kit's own style does not do); both are loaded only on the pages that have the figure.
"""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "_static" / "figures"
CELL = 44  # the side of a cell in pixels: a touch target


@dataclass
class Still:
    """A figure before anybody moved it.

    Args:
        picture: HTML. Its class names begin with two letters of the figure's own.
        words: the same state in words, read aloud when it changes; lines are kept.
        controls: HTML: buttons, sliders and choices, for readers with script alone.
        values: anything JSON can hold, for the script.
        formula: LaTeX, for builders other than HTML; those show the words as well.
    """

    picture: str
    words: str
    controls: str = ""
    values: object = None
    formula: str = ""


class moving_figure(nodes.General, nodes.Element):
    """The figure, as HTML; other builders see what stands inside."""


class MovingFigure(SphinxDirective):
    required_arguments = 1
    has_content = True
    option_spec = {"name": directives.unchanged_required, "options": json.loads}

    def run(self):
        self.assert_has_content()
        name = self.arguments[0]
        if not (HERE / f"{name}.py").is_file():
            known = ", ".join(sorted(path.stem for path in STATIC.glob("*.js") if path.stem != "kit"))
            raise self.error(f"There is no moving figure {name}; there are {known}.")
        try:
            still = importlib.import_module(f"figures.{name}").draw(**self.options.get("options", {}))
        except (TypeError, ValueError) as error:
            raise self.error(str(error)) from error
        live = moving_figure("", name=name, still=still)
        if still.formula:
            live += nodes.math_block(still.formula, still.formula, nowrap=False, number=None, label=None)
        live += nodes.line_block("", *(nodes.line("", line) for line in still.words.split("\n")))
        body = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, body)
        caption = nodes.caption("", "", *body.children[0].children)
        caption.source, caption.line = body.children[0].source, body.children[0].line
        figure = nodes.figure("", live, caption, classes=["moving-figure"])
        self.set_source_info(figure)
        self.add_name(figure)
        return [figure]


def visit_html(translator, node):
    still = node["still"]
    values = escape(json.dumps(still.values, separators=(",", ":"), ensure_ascii=False))
    controls = f'<div class="moving-controls">{still.controls}</div>' if still.controls else ""
    translator.body.append(f"""
<div class="moving" data-name="{node["name"]}" data-values="{values}">
{still.picture}
<p class="moving-words" aria-live="polite" style="--lines:{still.words.count(chr(10)) + 1}">{escape(still.words)}</p>
<p class="moving-still">A still picture: moving it needs JavaScript.</p>
{controls}
</div>
""")
    raise nodes.SkipNode


def number(value) -> str:
    """At most two decimals, as the scripts write them."""
    return f"{round(float(value), 2) + 0.0:g}".replace("-", "−")


def latex(rows) -> str:
    return r"\begin{pmatrix}" + r"\\".join("&".join(map(number, row)) for row in rows) + r"\end{pmatrix}"


def grid(rows, label: str | None = None, classes: str = "", over: str = "", cell: int = CELL) -> str:
    """Numbers in square cells, as SVG. Without a label it is hidden from screen readers: the words say it."""
    height, width = len(rows) * cell, len(rows[0]) * cell
    lines = "".join(f"M0 {y}H{width}" for y in range(cell, height, cell))
    lines += "".join(f"M{x} 0V{height}" for x in range(cell, width, cell))
    cells = "".join(
        f'<text x="{cell * (c + 0.5):g}" y="{cell * (r + 0.5):g}">{number(value)}</text>'
        for r, row in enumerate(rows)
        for c, value in enumerate(row)
    )
    said = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return (
        f'<svg class="grid {classes}" viewBox="-1 -1 {width + 2} {height + 2}" width="{width + 2}" '
        f'height="{height + 2}" {said}><rect width="{width}" height="{height}" rx="3"/>'
        f'<path d="{lines}"/><g>{cells}</g>{over}</svg>'
    )


def panel(title: str, content: str) -> str:
    """Something with its name above it."""
    return f'<div class="moving-panel"><span>{title}</span>{content}</div>'


def row(*parts: str) -> str:
    """Panels beside each other, with signs such as "=" between them; on a phone they wrap."""
    signs = (part if part.startswith("<") else f'<b aria-hidden="true">{part}</b>' for part in parts)
    return '<div class="moving-row">' + "".join(signs) + "</div>"


def stage(content: str, label: str, text: str, places: int, place: int = 1) -> str:
    """What the reader takes hold of: by keyboard it is a slider with so many places, and says where it stands."""
    return (
        f'<div class="moving-stage" role="slider" tabindex="0" aria-label="{escape(label)}" aria-valuemin="1" '
        f'aria-valuemax="{places}" aria-valuenow="{place}" aria-valuetext="{escape(text)}">{content}</div>'
    )


def buttons(*names: str) -> str:
    return "".join(f'<button type="button">{name}</button>' for name in names)


def choice(name: str, label: str, options, chosen: int = 0) -> str:
    """One of several; its value for the script is the option's number."""
    options = "".join(
        f'<option value="{i}"{" selected" if i == chosen else ""}>{option}</option>' for i, option in enumerate(options)
    )
    return f'<label>{label} <select name="{name}">{options}</select></label>'


def slider(name: str, label: str, low, high, value, step=1) -> str:
    """A number between low and high, which stands beside it."""
    return (
        f'<label>{label} <input type="range" name="{name}" min="{low}" max="{high}" step="{step}" value="{value}">'
        f"<output>{number(value)}</output></label>"
    )


def switch(name: str, label: str, on: bool = False) -> str:
    return f'<label><input type="checkbox" name="{name}"{" checked" if on else ""}> {label}</label>'


def add_files(app, pagename, templatename, context, doctree):
    """Load a figure's style and script only where there is one."""
    names = sorted({node["name"] for node in doctree.findall(moving_figure)}) if doctree is not None else []
    if not names:
        return
    app.add_css_file("figures/kit.css")
    app.add_js_file("figures/kit.js", defer="defer", priority=600)
    for name in names:
        if (STATIC / f"{name}.css").is_file():
            app.add_css_file(f"figures/{name}.css")
        app.add_js_file(f"figures/{name}.js", defer="defer", priority=700)


def setup(app):
    passed = (lambda translator, node: None,) * 2
    app.add_node(moving_figure, html=(visit_html, None), latex=passed, text=passed, man=passed, texinfo=passed)
    app.add_directive("moving-figure", MovingFigure)
    app.connect("html-page-context", add_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
