"""Right, with HTML and scripts in its text, its code, its answer, what it prints and displays, and in saved outputs."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "a script runs where the feedback is shown"
GOOD = "s02-slices"
ANSWER = """
<script>hurt()</script><img src=x onerror="hurt()"><svg onload=hurt()><iframe srcdoc="<script>hurt()</script>"></iframe>
[link](javascript:hurt()) <a href="javascript:hurt()">here</a> ![x](javascript:hurt()) <details open ontoggle=hurt()>
<form action="http://192.0.2.1/"><input autofocus onfocus=hurt()></form>
<meta http-equiv="refresh" content="0;url=http://192.0.2.1/"> <style>@import url(http://192.0.2.1/);</style>
<math><mtext></table><mglyph><style><img src=x onerror=hurt()> `</code><script>hurt()</script>`
$\\href{javascript:hurt()}{x}$ &lt;script&gt;hurt()&lt;/script&gt;
"""
EDITS = [
    ("cell-above", "correlate2d", "markdown", "<script>hurt()</script>\n\n# <img src=x onerror=hurt()>"),
    ("cell-above", "correlate2d", "raw", "<script>hurt()</script>"),
    ("cell-below", "correlate2d", "code", "# </pre></code></textarea></style></script><script>hurt()</script>"),
    (
        "output",
        "convolve2d",
        {
            "output_type": "display_data",
            "data": {
                "text/html": "<script>hurt()</script><img src=x onerror=hurt()>",
                "application/javascript": "hurt()",
                "image/svg+xml": "<svg onload='hurt()'><script>hurt()</script></svg>",
                "text/markdown": "<script>hurt()</script>",
                "text/latex": "$</script><script>hurt()</script>$",
            },
        },
    ),
    ("metadata-of-notebook", "correlate2d", {"title": "<script>hurt()</script>", "authors": [{"name": "<b>x"}]}),
]

from IPython.display import HTML, Javascript, Latex, Markdown, display

TEXT = "<script>hurt()</script><img src=x onerror=hurt()>"
print(TEXT)
for kind in (HTML, Javascript, Latex, Markdown):
    display(kind(TEXT))
display({"image/png": '"><script>hurt()</script>', "text/plain": TEXT}, raw=True)


def correlate2d(image, kernel):
    "<script>hurt()</script>"
    display(HTML(TEXT))
    return by_hand(image, kernel)
