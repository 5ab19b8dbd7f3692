"""Asks the configured search provider."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from providers import PROVIDERS, Hit

from _kit.call import Call
from _kit.page import Page
from _kit.problem import Problem
from _kit.web import client

COUNT = 8
SNIPPET_CHARACTERS = 300


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml. `settings`: provider (searxng, brave, tavily), url, key."""
    name = str(call.settings.get("provider", ""))
    if name not in PROVIDERS:
        raise Problem(
            "not_configured", f"no search provider is set up; the person can choose one of {', '.join(PROVIDERS)}"
        )
    ask = PROVIDERS[name]
    httpx: Any = import_module("httpx")
    try:
        with client() as connection:
            hits = ask(
                connection,
                args["query"],
                args.get("count", COUNT),
                str(call.settings.get("url", "")),
                str(call.settings.get("key", "")),
            )
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        why = (
            "its key is missing or wrong"
            if status in (401, 403)
            else "too many requests"
            if status == 429
            else f"status {status}"
        )
        raise Problem("refused_by_site", f"{name} refused the search: {why}") from error
    except httpx.HTTPError as error:
        raise Problem("network", f"{name} can't be reached: {error or type(error).__name__}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem("failed", f"{name} answered in a form that is not its own ({type(error).__name__})") from error
    return _page(hits[: args.get("count", COUNT)], call)


def _page(hits: list[Hit], call: Call) -> dict[str, Any]:
    if not hits:
        return {"text": "[nothing found]"}
    page = Page(call.output_bytes)
    fields: list[dict[str, Any]] = []
    for number, hit in enumerate(hits, 1):
        snippet = " ".join(hit.snippet.split())[:SNIPPET_CHARACTERS]
        page.add(f"{number}. {' '.join(hit.title.split())}\n   {hit.url}" + (f"\n   {snippet}" if snippet else ""))
        fields.append({"path": f"[{number - 1}].url", "value": hit.url, "kind": "address"})
        fields.append({"path": f"[{number - 1}].title", "value": hit.title, "kind": "text"})
    return {**page.result("results"), "fields": fields, "data": {"count": len(hits)}}
