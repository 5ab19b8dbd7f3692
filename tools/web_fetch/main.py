"""Gets one web address and gives what a person would read there."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from fetch import Response, fetch
from robots import check_robots

from _kit.call import Call
from _kit.files import replace
from _kit.markdown import decode_html, from_html
from _kit.names import within
from _kit.page import Page
from _kit.problem import Problem
from _kit.text import is_binary, size

TEXT_BYTES = 5_000_000
FILE_BYTES = 100_000_000
FOLDED_CHARACTERS = 4000


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml."""
    url: str = args["url"]
    saving = "save_as" in args
    if call.settings.get("robots", True):
        check_robots(url)
    response = fetch(url, FILE_BYTES if saving else TEXT_BYTES, keep_rest=saving)
    if response.redirect:
        return {
            "text": f"[{urlsplit(url).hostname} redirects to another host: {response.redirect} ; fetch that address if it is wanted]",
            "fields": [{"path": "redirect", "value": response.redirect, "kind": "address"}],
            "data": {"status": response.status, "redirect": response.redirect},
        }
    if response.status >= 400:
        raise Problem("refused_by_site", f"{urlsplit(url).hostname} answered {response.status} {response.reason}")
    return _save(args["save_as"], response, call) if saving else _show(response, args, call)


def _save(path: str, response: Response, call: Call) -> dict[str, Any]:
    if response.cut:
        raise Problem("too_big", f"the file is larger than {size(FILE_BYTES)}")
    replace(path, response.body)
    name = within(path, call.folder)
    return {
        "text": f"saved {name}: {size(len(response.body))}, {response.type or 'of unknown type'}",
        "data": {"path": name},
    }


def _show(response: Response, args: dict[str, Any], call: Call) -> dict[str, Any]:
    kind = response.type
    fields: list[dict[str, Any]] = [{"path": "url", "value": response.url, "kind": "address"}]
    if kind in ("text/html", "application/xhtml+xml") or (not kind and b"<html" in response.body[:2000].lower()):
        source = decode_html(response.body, response.charset)
        text, more = (source, []) if args.get("raw") else _readable(source, response.url)
        fields += more
    elif is_binary(response.body[:8192]) or not _is_text(kind):
        raise Problem(
            "binary",
            f"this is {kind or 'no text'}, {size(len(response.body))}; `save_as` saves it, and read_document reads documents",
        )
    else:
        text = decode_html(response.body, response.charset or "utf-8")
    page = Page(call.output_bytes, args.get("start", 1))
    for line in text.replace("\r\n", "\n").strip("\n").split("\n"):
        for start in range(0, max(1, len(line)), FOLDED_CHARACTERS):
            page.add(line[start : start + FOLDED_CHARACTERS])
    notes = f"the page is longer than {size(TEXT_BYTES)} and was cut" if response.cut else ""
    result = page.result("lines", notes=notes)
    data = {"url": response.url, "status": response.status, "type": kind, "bytes": len(response.body)}
    return {**result, "text": result["text"] or "[the page holds no text]", "fields": fields, "data": data}


def _is_text(kind: str) -> bool:
    return not kind or kind.startswith("text/") or kind.endswith(("json", "xml", "yaml", "javascript", "x-sh", "toml"))


def _readable(source: str, url: str) -> tuple[str, list[dict[str, Any]]]:
    """(main text as Markdown, title and date as fields); the whole page when no main text can be made out."""
    trafilatura: Any = import_module("trafilatura")
    try:
        text: str = (
            trafilatura.extract(
                source,
                url=url,
                output_format="markdown",
                include_links=True,
                include_tables=True,
                include_formatting=True,
                include_comments=False,
            )
            or ""
        )
        about = trafilatura.extract_metadata(source, default_url=url)
    except Exception:  # extraction is a guess: when it fails on a strange page, the plain reading is left
        text, about = "", None
    if not text.strip():
        return from_html(source), []
    fields = [
        {"path": name, "value": value, "kind": kind}
        for name, kind in (("title", "text"), ("date", "time"))
        if (value := getattr(about, name, None))
    ]
    title = getattr(about, "title", None)
    return (f"# {title}\n\n{text}" if title and not text.startswith("# ") else text), fields
