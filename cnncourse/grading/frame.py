"""What the pages of grading share: a frame in which nothing can run, one look, and the way into the book."""

from __future__ import annotations

import contextlib
import html
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["Book", "bar", "frame", "number", "plain", "write_whole"]

_PLACE = re.compile(r"^\(([\w-]+)\)=\n+#+ +(.+)$", re.MULTILINE)
_TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Book:
    """Where the book says it: in words always, as a link where the page that links can reach it.

    ``address`` is what stands before ``book/convolution.html`` in a link, or nothing; ``titles`` gives a page's title
    by ``"convolution"`` and a part's heading by its anchor.
    """

    address: str = ""
    titles: dict[str, str] = field(default_factory=dict)

    @classmethod
    def find(cls, root: Path, page: Path | None = None) -> Book:
        """The book of a course folder.

        Its address is the variable ``CNNCOURSE_BOOK``: where it is published, or the folder of its pages. Without, it
        is the book built in the course folder or above it, for a ``page`` that stays on this machine. A page that is
        handed out is given as None, and links only to an address in full.
        """
        above = (root.resolve(), *root.resolve().parents)
        named = os.environ.get("CNNCOURSE_BOOK", "").rstrip("/")
        address = ""
        if urlsplit(named).scheme in ("http", "https", "file"):
            address = named
        elif page is not None:
            folders = [Path(named)] if named else [folder / "_build" / "html" for folder in above]
            built = next((folder.resolve() for folder in folders if (folder / "book").is_dir()), None)
            if built:
                with contextlib.suppress(ValueError):  # another drive
                    address = os.path.relpath(built, page.resolve().parent).replace(os.sep, "/")
        here = Path(__file__).resolve().parents[2]
        sources = next((f / "book" for f in (*above, here) if (f / "book" / "convolution.md").is_file()), None)
        titles = {}
        for path in sorted(sources.glob("*.md")) if sources else ():
            with contextlib.suppress(OSError, UnicodeDecodeError):
                text = path.read_text(encoding="utf-8")
                titles |= {anchor.replace("_", "-"): heading.strip() for anchor, heading in _PLACE.findall(text)}
                if title := _TITLE.search(text):
                    titles[path.stem] = title[1].strip()
        return cls(address, titles)

    def link(self, anchor: str) -> str:
        """The place of an anchor, as HTML.

        >>> Book("https://cnn.org", {"pooling": "Pooling", "pooling-max": "The maximum"}).link("pooling-max")
        '<a href="https://cnn.org/book/pooling.html#pooling-max">Pooling, The maximum</a>'
        >>> Book(titles={"pooling": "Pooling", "pooling-max": "The maximum"}).link("pooling-max")
        'in the book, “Pooling”, part “The maximum”'
        """
        return self.place(anchor.split("-")[0], anchor.replace("_", "-"))

    def place(self, topic: str, place: str) -> str:
        """The same for a page's name and a place on it."""
        title, heading = html.escape(self.titles.get(topic, topic)), html.escape(self.titles.get(place, place))
        if not self.address:
            return f"in the book, “{title}”, part “{heading}”"
        return f'<a href="{html.escape(f"{self.address}/book/{topic}.html#{place}")}">{title}, {heading}</a>'


def number(value: float | None) -> str:
    """A number of points as one would say it.

    >>> number(3.0), number(3.888), number(None)
    ('3', '3.89', '–')
    """
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def plain(text: str) -> str:
    r"""Text on one line, without characters that move a terminal's cursor or turn the direction of writing.

    >>> plain("a\x1b[2Jb\u202ec")
    'a?[2Jb?c'
    """
    return "".join(character if character.isprintable() else "?" for character in text)


def bar(share: float, kind: str = "") -> str:
    """A bar for a share from 0 to 1. It says nothing to a screen reader: the number stands beside it."""
    width = f"{100 * min(max(share, 0), 1):.1f}".removesuffix(".0")
    return (
        f'<svg class="bar {kind}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect class="rest" width="100" height="8"/><rect class="part" width="{width}" height="8"/></svg>'
    )


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file in one step: nobody ever finds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{os.getpid()}.new")  # short: the name itself may be as long as names can be
    try:
        draft.write_bytes(content.encode("utf-8", "replace") if isinstance(content, str) else content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def frame(title: str, body: str, style: str = "") -> str:
    """A whole page. Its policy lets a browser run nothing and fetch nothing, whatever stands in the body."""
    return _FRAME.format(title=html.escape(title), body=body, style=style)


_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{
  color-scheme: light dark;
  --ink: #17202a; --soft: #4d5b66; --paper: #ffffff; --around: #f3f6f8; --line: #c4ced6; --edge: #7b8893;
  --teal: #0b6470; --teal-paper: #e9f4f5; --rest: #dfe6eb; --orange: #a24708; --orange-paper: #fdf1e6;
  --right: #1b6b34; --wrong: #a32020;
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --ink: #e6edf3; --soft: #b3bec8; --paper: #1b2128; --around: #12171d; --line: #3a4550; --edge: #8593a0;
    --teal: #62cfdb; --teal-paper: #16313a; --rest: #36414c; --orange: #ffb070; --orange-paper: #33261a;
    --right: #74d694; --wrong: #ff9b9b;
  }}
}}
* {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }}
body {{
  margin: 0; background: var(--around); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans KR", sans-serif;
}}
header, main, footer {{ max-width: 62rem; margin: 0 auto; padding: 0 1.5rem; overflow-wrap: anywhere; }}
header {{ padding-top: 2rem; }}
footer {{ padding: 1rem 1.5rem 2.5rem; color: var(--soft); font-size: .875rem; }}
h1, h2, h3 {{ line-height: 1.2; letter-spacing: -.01em; margin: 0; }}
h1 {{ font-size: clamp(1.7rem, 5vw, 2.25rem); font-weight: 750; }}
h2 {{ font-size: 1.35rem; font-weight: 700; }}
h3 {{ font-size: 1.05rem; font-weight: 650; margin: 1.25rem 0 .35rem; }}
p, ul, dl {{ margin: .6rem 0; }}
a {{ color: var(--teal); text-underline-offset: .15em; }}
a:hover {{ color: var(--orange); }}
:focus-visible {{ outline: 3px solid var(--orange); outline-offset: 2px; border-radius: 2px; }}
code, pre {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
code {{ font-size: .9em; }}
pre {{
  margin: .5rem 0; padding: .75rem 1rem; background: var(--around); border: 1px solid var(--line); border-radius: .4rem;
  font-size: .85rem; line-height: 1.5; overflow-x: auto; overflow-wrap: normal; tab-size: 4;
}}
pre code {{ font-size: inherit; }}
.card {{
  background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; padding: 1.1rem 1.4rem;
  margin: 1.25rem 0;
}}
.soft {{ color: var(--soft); }}
.over {{ margin: 0 0 .3rem; color: var(--soft); font-size: .95rem; }}
table {{ border-collapse: collapse; }}
caption {{ text-align: left; color: var(--soft); padding: .25rem 0; }}
th, td {{ padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }}
th {{ font-weight: 600; }}
.number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
svg.bar {{ display: block; width: 100%; height: .6rem; border-radius: .3rem; }}
.bar .rest {{ fill: var(--rest); }}
.bar .part {{ fill: var(--teal); }}
.unseen {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }}
summary {{ cursor: pointer; color: var(--soft); padding: .2rem 0; width: fit-content; }}
@media (max-width: 40rem) {{
  header, main, footer {{ padding-left: 1rem; padding-right: 1rem; }}
  .card {{ padding: .9rem 1rem; margin: 1rem -.25rem; }}
}}
@media print {{
  :root {{ --around: #ffffff; }}
  body {{ font-size: 10.5pt; }}
  header, main, footer {{ max-width: none; padding: 0; }}
  .card {{ border-color: #999; box-decoration-break: clone; -webkit-box-decoration-break: clone; }}
  h2, h3, caption {{ break-after: avoid; }}
  tr, svg, figure {{ break-inside: avoid; }}
  pre {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
  svg {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
  details::details-content {{ content-visibility: visible; block-size: auto; }}
  a {{ color: inherit; }}
}}
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
