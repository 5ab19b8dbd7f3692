"""The search providers, each by its own public interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from _kit.problem import Problem


class Hit(NamedTuple):
    """One result."""

    title: str
    url: str
    snippet: str


def _hits(items: list[Any], snippet: str) -> list[Hit]:
    return [
        Hit(str(i.get("title", "")), str(i["url"]), str(i.get(snippet) or ""))
        for i in items
        if str(i.get("url", "")).startswith("http")
    ]


def searxng(client: Any, query: str, count: int, url: str, key: str) -> list[Hit]:
    """SearXNG (docs.searxng.org, search API); its address must allow the format json."""
    del count, key
    if not url:
        raise Problem("not_configured", "the address of the SearXNG server is not set")
    answer = client.get(url.rstrip("/") + "/search", params={"q": query, "format": "json"})
    answer.raise_for_status()
    return _hits(answer.json()["results"], "content")


def brave(client: Any, query: str, count: int, url: str, key: str) -> list[Hit]:
    """Brave Search API (api-dashboard.search.brave.com), web search."""
    if not key:
        raise Problem("not_configured", "the key for Brave Search is not set")
    address = (url or "https://api.search.brave.com").rstrip("/") + "/res/v1/web/search"
    answer = client.get(
        address,
        params={"q": query, "count": count},
        headers={"X-Subscription-Token": key, "Accept": "application/json"},
    )
    answer.raise_for_status()
    return _hits(answer.json().get("web", {}).get("results", []), "description")


def tavily(client: Any, query: str, count: int, url: str, key: str) -> list[Hit]:
    """Tavily (docs.tavily.com), search endpoint."""
    if not key:
        raise Problem("not_configured", "the key for Tavily is not set")
    address = (url or "https://api.tavily.com").rstrip("/") + "/search"
    answer = client.post(
        address, json={"query": query, "max_results": count}, headers={"Authorization": f"Bearer {key}"}
    )
    answer.raise_for_status()
    return _hits(answer.json()["results"], "content")


PROVIDERS: dict[str, Callable[[Any, str, int, str, str], list[Hit]]] = {
    "searxng": searxng,
    "brave": brave,
    "tavily": tavily,
}
