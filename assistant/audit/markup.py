"""Safe HTML: everything that comes from a log is hostile and goes through `text`.

No script, no link, no image, nothing loaded: the page's own policy forbids it too. Control, bidirectional and invisible
characters are made visible before they are escaped, so that a page can't lie by what it doesn't show.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from assistant.visible import visible

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #2a7d3f; --bad: #b3261e; --warn: #8a6100; --bar: #4678c8 }
@media (prefers-color-scheme: dark) { :root { --good: #6fcf87; --bad: #ff8a80; --warn: #ffca61; --bar: #7ba4ea } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 72rem }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--line) }
table { border-collapse: collapse; width: 100%; font-size: .9rem }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--soft) }
td { overflow-wrap: anywhere } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
pre, code { font: .85rem/1.45 ui-monospace, monospace } pre { overflow-x: auto; background: var(--soft); padding: .6rem; margin: .3rem 0 }
details { margin: .1rem 0 } summary { cursor: pointer } .soft { opacity: .7 } .good { color: var(--good) } .bad { color: var(--bad) }
.warn { color: var(--warn) } .figures { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0; padding: 0; list-style: none }
.figures b { display: block; font-size: 1.4rem; font-weight: 600 } .add { color: var(--good) } .cut { color: var(--bad) }
svg text { font: 12px system-ui, sans-serif; fill: currentColor } svg rect { fill: var(--bar) } svg { max-width: 100%; height: auto }
#timeline td:nth-child(n+3):nth-child(-n+4) { min-width: 6.5rem } #timeline td:nth-child(-n+2), #asked td:nth-child(-n+2), #unfinished td:nth-child(-n+2) { white-space: nowrap; overflow-wrap: normal }
@media print {
  body { max-width: none; padding: 0 } details > * { display: block } details::details-content { content-visibility: visible }
  pre { overflow: visible; white-space: pre-wrap; overflow-wrap: anywhere } tr { break-inside: avoid } thead { display: table-header-group }
}
"""


def text(value: object) -> str:
    """Any value as visible, escaped text."""
    return html.escape(visible(str(value)), quote=True)


def page(title: str, body: str, language: str = "en") -> str:
    """A whole document, in a language by the name of its setting."""
    return (
        "<!doctype html>\n"
        f'<html lang="{text(language.replace("_", "-"))}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def section(title: str, body: str, name: str) -> str:
    """A section with a heading; left out when it has nothing to say."""
    return f'<section id="{text(name)}"><h2>{text(title)}</h2>\n{body}\n</section>\n' if body else ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of cells that are safe HTML already; `numbers` are the columns set to the right. Empty without rows."""

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f'<{tag} class="number">{cell}</{tag}>' if i in numbers else f"<{tag}>{cell}</{tag}>"
            for i, cell in enumerate(row)
        )

    lines = [f"<tr>{cells('td', row)}</tr>" for row in rows]
    if not lines:
        return ""
    head = cells("th", [text(head) for head in heads])
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(lines) + "\n</tbody></table>"


def folded(summary: str, body: str, *, opened: bool = False) -> str:
    """A part that opens and closes on a click; both are safe HTML already."""
    return f"<details{' open' if opened else ''}><summary>{summary}</summary>{body}</details>"


def diff(words: str, limit: int = 400) -> str:
    """A unified diff with its lines coloured."""
    lines: list[str] = []
    for line in words.split("\n")[:limit]:
        kind = "add" if line.startswith("+") else "cut" if line.startswith("-") else ""
        lines.append(f'<span class="{kind}">{text(line)}</span>' if kind else text(line))
    return f"<pre>{chr(10).join(lines)}</pre>"


def bars(values: Sequence[tuple[str, int, str]], title: str) -> str:
    """A bar chart as SVG: (label, value, the value in words), largest scale first. Empty without values."""
    shown = [v for v in values if v[1] > 0][:20]
    if not shown:
        return ""
    largest = max(value for _, value, _ in shown)
    height = 24 * len(shown) + 8
    parts = [
        f'<text x="196" y="{24 * i + 17}" text-anchor="end">{text(label[:28])}</text>'
        f'<rect x="204" y="{24 * i + 5}" width="{max(1, value * 380 // largest)}" height="16" rx="2"></rect>'
        f'<text x="{210 + max(1, value * 380 // largest)}" y="{24 * i + 17}">{text(words)}</text>'
        for i, (label, value, words) in enumerate(shown)
    ]
    return f'<svg viewBox="0 0 720 {height}" width="720" height="{height}" role="img" aria-label="{text(title)}">{"".join(parts)}</svg>'
