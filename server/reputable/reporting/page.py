"""One HTML page that needs nothing beside itself: no script, no font, no file, no address."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; color: #1b1b1b; background: #fff;
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 .25rem; }
p { max-width: 46rem; margin: .5rem 0; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 1rem 0; }
nav a { color: #005a8e; padding: .25rem 0; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
figure { margin: 0; max-width: 32rem; }
figcaption { font-weight: 600; }
img { width: 100%; height: auto; display: block; }
.table { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap;
  overflow-wrap: normal; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 7rem; }
thead th { border-bottom: 2px solid #888; vertical-align: bottom; white-space: normal; }
.wrapped td { white-space: normal; text-align: left; }
.wrapped th { text-align: left; }
tr.ours { font-weight: 600; background: #eef5fa; }
"""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences that say what is to be seen, and content as HTML."""

    title: str
    text: str
    content: str


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The page."""
    links = "".join(f'<a href="#s{i}">{escape(section.title)}</a>' for i, section in enumerate(sections))
    body = "".join(
        f'<section><h2 id="s{i}">{escape(section.title)}</h2><p>{escape(section.text)}</p>{section.content}</section>\n'
        for i, section in enumerate(sections)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1><p>{escape(lead)}</p><nav>{links}</nav>\n{body}</body></html>\n"
    )


def plots(drawings: Sequence[tuple[str, str]]) -> str:
    """Captioned SVG drawings side by side where there is room."""
    return f'<div class="plots">{"".join(_figure(caption, svg) for caption, svg in drawings)}</div>'


def _figure(caption: str, svg: str) -> str:
    source = base64.b64encode(svg.encode()).decode()
    return (
        f"<figure><figcaption>{escape(caption)}</figcaption>"
        f'<img alt="Plot: {escape(caption)}" src="data:image/svg+xml;base64,{source}"></figure>'
    )


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, ours: Sequence[str] = (), wrapped: bool = False
) -> str:
    """A table whose rows that begin with one of `ours` stand out; `wrapped` is for cells that hold sentences."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(_row(row, 'class="ours"' if row[0] in ours else "") for row in rows)
    kind = ' class="wrapped"' if wrapped else ""
    return f'<div class="table"><table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _row(cells: Sequence[str], attribute: str) -> str:
    return f"<tr {attribute}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
