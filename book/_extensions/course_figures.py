"""The figure "slide the kernel": ``{slide-kernel}``.

The reader moves a kernel over a small input, by mouse, touch, arrow keys or buttons; each place it visits fills one
number of the feature map, and the arithmetic of the place is written out and read aloud. Every option is JSON and may
be left out; the body is the caption::

    ```{slide-kernel}
    :name: convolution-slide
    :input: [[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]]
    :kernel: [[2, 0, 1], [0, 1, 2], [1, 0, 2]]
    :bias: 3
    Drag the kernel, or use the arrow keys.
    ```

The numbers are computed and drawn here, so a page without script shows a still picture with the whole feature map, and
a builder other than HTML gets the same numbers as matrices. ``_static/slide-kernel.js`` only moves and rewrites them.
"""

import json
from html import escape

import numpy as np
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

WORKED_INPUT = [[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]]
WORKED_KERNEL = [[2, 0, 1], [0, 1, 2], [1, 0, 2]]
# Name, entries, and the number every sum is divided by. They stand beside a 3×3 kernel of the author's.
OTHER_KERNELS = [
    ["identity", [[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1],
    ["edges (Sobel)", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1],
    ["blur (mean)", [[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9],
]
CELL = 44  # the side of a cell in pixels: a touch target


class slide_kernel(nodes.math_block):
    """The figure; builders other than HTML see its formula."""


def matrix(text):
    """An option's JSON as a 2-D array of numbers."""
    try:
        array = np.array(json.loads(text))
        if array.ndim != 2 or array.dtype.kind not in "if":
            raise ValueError
    except ValueError:
        raise ValueError(f"rows of numbers, all equally long, such as [[1, 2], [3, 4]], not {text}") from None
    return array.tolist()


def feature_map(image, kernel, bias):
    """Valid cross-correlation plus the bias, as nested lists."""
    image, kernel = np.array(image), np.array(kernel)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (np.einsum("ijkl,kl->ij", windows, kernel) + bias).tolist()


class SlideKernel(SphinxDirective):
    has_content = True
    option_spec = {"name": str, "input": matrix, "kernel": matrix, "bias": json.loads}

    def run(self):
        self.assert_has_content()
        image = self.options.get("input", WORKED_INPUT)
        kernel = self.options.get("kernel", WORKED_KERNEL)
        bias = self.options.get("bias", 0)
        if len(kernel) > len(image) or len(kernel[0]) > len(image[0]):
            raise self.error("The kernel must fit inside the input.")

        result = feature_map(image, kernel, bias)
        formula = " ".join([latex(image), r"\star", latex(kernel), f"+ {bias}" if bias else "", "=", latex(result)])
        live = slide_kernel(formula, formula, nowrap=False, number=None, label=None)
        live["figure"] = {"input": image, "kernel": kernel, "bias": bias, "map": result}
        body = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, body)
        caption = nodes.caption("", "", *body.children[0].children)
        caption.source, caption.line = body.children[0].source, body.children[0].line
        figure = nodes.figure("", live, caption, classes=["slide-kernel-figure"])
        self.set_source_info(figure)
        self.add_name(figure)
        return [figure]


def latex(rows):
    return r"\begin{pmatrix}" + r"\\".join("&".join(map(number, row)) for row in rows) + r"\end{pmatrix}"


def number(value):
    """At most two decimals, as the script writes them."""
    return f"{round(value, 2):g}".replace("-", "−")


def grid(rows, side, classes, extra=""):
    """Numbers in an SVG grid of square cells."""
    height, width = len(rows) * CELL, len(rows[0]) * CELL
    lines = "".join(f"M0 {y}H{width}" for y in range(CELL, height, CELL))
    lines += "".join(f"M{x} 0V{height}" for x in range(CELL, width, CELL))
    cells = "".join(
        f'<text x="{CELL * (c + 0.5):g}" y="{CELL * (r + 0.5):g}">{number(value)}</text>'
        for r, row in enumerate(rows)
        for c, value in enumerate(row)
    )
    return (
        f'<svg class="{classes}" viewBox="-1 -1 {width + 2} {height + 2}" width="{width + 2}" '
        f'height="{height + 2}" {side}><rect width="{width}" height="{height}" rx="3"/>'
        f'<path d="{lines}"/><g>{cells}</g>{extra}</svg>'
    )


def window(kernel):
    """The kernel lying on the input: a frame, and each weight small in the corner of its cell."""
    height, width = len(kernel) * CELL, len(kernel[0]) * CELL
    weights = "".join(
        f'<text x="{CELL * (c + 1) - 4}" y="{CELL * (r + 1) - 4}">×{number(w)}</text>'
        for r, row in enumerate(kernel)
        for c, w in enumerate(row)
    )
    return f'<g class="sk-window"><rect width="{width}" height="{height}" rx="3"/>{weights}</g>'


def arithmetic(image, kernel, bias):
    """The sum at the first place, written as the script writes every other."""
    lines = [
        " + ".join(f"{number(x)}×{number(w) if w >= 0 else f'({number(w)})'}" for x, w in zip(xs, ws, strict=False))
        for xs, ws in zip(image, kernel, strict=False)
    ]
    total = sum(x * w for xs, ws in zip(image, kernel, strict=False) for x, w in zip(xs, ws, strict=False))
    end = f"= {number(total)}" + (f", plus the bias {number(bias)} = {number(total + bias)}" if bias else "")
    return "Row 0, column 0:\n" + "\n+ ".join(lines) + "\n" + end


def visit_slide_kernel(translator, node):
    figure = node["figure"]
    image, kernel, bias, result = (figure[key] for key in ("input", "kernel", "bias", "map"))
    kernels = [["worked example" if kernel == WORKED_KERNEL else "this chapter's", kernel, 1]]
    if (len(kernel), len(kernel[0])) == (3, 3):
        kernels += OTHER_KERNELS
    data = escape(json.dumps([image, kernels, bias], separators=(",", ":")))
    options = "".join(f"<option>{name}</option>" for name, _, _ in kernels)
    choice = f"<label>Kernel <select>{options}</select></label>" if len(kernels) > 1 else ""
    places = len(result) * len(result[0])
    translator.body.append(f"""
<div class="slide-kernel" data-figure="{data}" style="--lines:{len(kernel) + 2}">
<div class="sk-row">
<div class="sk-panel"><span>input</span>
<div class="sk-stage" role="slider" tabindex="0" aria-label="Place of the kernel on the input" aria-valuemin="1"
 aria-valuemax="{places}" aria-valuenow="1" aria-valuetext="row 0, column 0">
{grid(image, 'aria-hidden="true"', "sk-input", window(kernel))}</div></div>
<b aria-hidden="true">⋆</b>
<div class="sk-panel"><span>kernel</span>{grid(kernel, 'role="img" aria-label="Kernel"', "sk-kernel")}</div>
<b aria-hidden="true">=</b>
<div class="sk-panel"><span>feature map</span>{grid(result, 'role="img" aria-label="Feature map"', "sk-map")}</div>
<p class="sk-sum" aria-live="polite">{arithmetic(image, kernel, bias)}</p>
</div>
<p class="sk-still">A still picture: moving the kernel needs JavaScript.</p>
<div class="sk-controls">
<button type="button">Play</button><button type="button">Step</button><button type="button">Reset</button>
{choice}
<label><input type="checkbox"> Flip the kernel (true convolution)</label>
</div>
</div>
""")
    raise nodes.SkipNode


def add_files(app, pagename, templatename, context, doctree):
    """Load the figure's style and script only where there is one."""
    if doctree is not None and next(doctree.findall(slide_kernel), None) is not None:
        app.add_css_file("slide-kernel.css")
        app.add_js_file("slide-kernel.js", defer="defer")


def setup(app):
    app.add_node(slide_kernel, html=(visit_slide_kernel, None))
    app.add_directive("slide-kernel", SlideKernel)
    app.connect("html-page-context", add_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
