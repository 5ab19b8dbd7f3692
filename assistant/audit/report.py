"""`assistant log report`: one HTML page that a person can read, keep and send, without network and without us.

What was asked and who answered, what changed, which hosts were reached, which models were used and what they cost, the
timeline, the result of the verification, and how to check all of it by oneself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from assistant.audit.entry import Entry
from assistant.audit.log import Log
from assistant.audit.markup import bars, diff, folded, page, section, table, text
from assistant.audit.page import Filter, find
from assistant.audit.summary import preview, summarise
from assistant.audit.tongue import N_, _, language
from assistant.audit.verification import Verification
from assistant.audit.verify_apart import verify_apart
from assistant.audit.words import text_of

OPEN_CHANGES = 10
"""Up to so many applied sets show their diffs at once; more are folded."""

MAX_CONTENT_CHARS = 4000
"""Of a content in the timeline; the log has the rest."""


def write_report(log: Log, out: Path, task: str = "", *, limit: int = 5000) -> None:
    """Write the report on the newest `limit` entries, of one task or of all. Raises OSError when `out` can't be written."""
    checked = verify_apart(log.paths, database=log.database.path)
    newest: list[Entry] = []
    for entry in find(log.database, Filter(task=task)):
        newest.append(entry)
        if len(newest) >= limit:
            break
    out.write_text(render(log, newest[::-1], checked, task), encoding="utf-8")


def render(log: Log, entries: Sequence[Entry], checked: Verification, task: str = "") -> str:
    """The page about these entries, oldest first."""
    title = _("Action log of task {task}").format(task=task) if task else _("Action log")
    parts = [
        _top(title, entries),
        section(_("Verification"), _verification(checked), "verification"),
        section(_("Asked and answered"), _asked(log, entries), "asked"),
        section(_("What changed"), _changes(log, entries), "changes"),
        section(_("Hosts reached"), _hosts(entries), "hosts"),
        section(_("Models and costs"), _models(entries), "models"),
        section(_("What may have happened"), _unfinished(entries), "unfinished"),
        section(_("What happened when"), _plots(entries), "plots"),
        section(_("Timeline"), _timeline(log, entries), "timeline"),
        section(_("Check it yourself"), _appendix(checked), "appendix"),
    ]
    return page(title, "".join(parts), language())


def _clock(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _top(title: str, entries: Sequence[Entry]) -> str:
    if not entries:
        empty = _("There are no entries.")
        return f"<h1>{text(title)}</h1><p>{text(empty)}</p>"
    kinds = Counter(entry.kind for entry in entries)
    tokens = sum(_usage(e, "input") + _usage(e, "output") for e in entries)
    figures = [
        (len({e.task for e in entries if e.task}), _("tasks")),
        (kinds["turn.finished"], _("turns")),
        (kinds["outcome"], _("tool calls")),
        (sum(e.kind == "decision" and e.body.get("decision") == "ask" for e in entries), _("times asked")),
        (sum(len(_changed(e)) for e in entries if e.kind == "stage.apply"), _("changes applied")),
        (tokens, _("tokens")),
        (_dollars(sum(_cost(e) for e in entries)), _("known cost")),
    ]
    items = "".join(f"<li><b>{text(value)}</b>{text(words)}</li>" for value, words in figures)
    span = _("{first} to {last} UTC").format(first=_clock(entries[0].time_ms), last=_clock(entries[-1].time_ms))
    numbers = _("entries {first} to {last}").format(first=entries[0].seq, last=entries[-1].seq)
    return f'<h1>{text(title)}</h1><p class="soft">{text(span)} · {text(numbers)}</p><ul class="figures">{items}</ul>'


def _verification(checked: Verification) -> str:
    if checked.ok:
        right = _("Verified.")
        told = _("All {n} entries are those that were signed.").format(n=checked.entries)
        words = f'<p class="good"><b>{text(right)}</b> {text(told)}</p>'
    else:
        told = _("Not verified: {verdict}").format(verdict=checked.verdict)
        words = f'<p class="bad"><b>{text(told)}</b></p>'
    problems = "".join(f'<p class="bad">{text(problem.words)}</p>' for problem in checked.problems)
    facts = [
        (_("entries"), checked.entries),
        (_("checkpoints"), checked.checkpoints),
        (_("contents"), checked.contents),
        (_("contents erased"), checked.erased),
        (_("root"), checked.root),
        *((_("signed by"), key) for key in checked.signed_by),
    ]
    return words + problems + table(("", ""), [(text(name), f"<code>{text(value)}</code>") for name, value in facts])


def _asked(log: Log, entries: Sequence[Entry]) -> str:
    intents = {(e.task, e.body.get("call")): e for e in entries if e.kind == "intent"}
    answers = {(e.task, e.body.get("call")): e for e in entries if e.kind == "approval"}
    rows: list[tuple[str, ...]] = []
    for entry in entries:
        if entry.kind != "decision" or entry.body.get("decision") == "allow":
            continue
        call = (entry.task, entry.body.get("call"))
        intent, answer = intents.get(call), answers.get(call)
        said = preview(log, answer) if answer else _("nobody answered")
        rows.append(
            (
                text(entry.seq),
                text(_clock(entry.time_ms)),
                text(preview(log, intent) if intent else ""),
                text(_known(_VERDICTS, entry.body.get("decision"))),
                text(preview(log, entry)),
                text(_("refused by policy") if entry.body.get("decision") == "deny" else said),
            )
        )
    return table((_("entry"), _("when (UTC)"), _("what"), _("verdict"), _("why"), _("answer")), rows, (0,))


def _changed(entry: Entry) -> list[dict[str, Any]]:
    changes = entry.body.get("changes")
    return [c for c in changes if isinstance(c, dict)] if isinstance(changes, list) else []  # pyright: ignore[reportUnknownVariableType]  # JSON


def _changes(log: Log, entries: Sequence[Entry]) -> str:
    parts: list[str] = []
    gone = _("{name} was erased")
    changing = [entry for entry in entries if entry.kind in ("stage.apply", "stage.drop", "stage.undo")]
    for entry in changing:
        rows = [
            (
                text(_known(_CHANGES, c.get("kind", ""))),
                text(c.get("path", "")),
                text(c.get("old_path", "")),
                _hash(c, "before"),
                _hash(c, "after"),
            )
            for c in _changed(entry)
        ]
        shown = table((_("what"), _("path"), _("was"), _("before"), _("after")), rows)
        for name, sha256 in zip(entry.blobs, entry.blob_hashes(), strict=True):
            data = log.blob(sha256)
            shown += (
                diff(data.decode(errors="replace")) if data is not None else f"<p>{text(gone.format(name=name))}</p>"
            )
        title = f"{text(_clock(entry.time_ms))} · {text(summarise(entry))}"
        parts.append(folded(title, shown, opened=len(changing) <= OPEN_CHANGES))
    return "".join(parts)


def _hash(change: dict[str, Any], which: str) -> str:
    return f"<code>{text(str(change.get(which) or '')[:12])}</code>"


def _hosts(entries: Sequence[Entry]) -> str:
    rows: list[tuple[str, ...]] = []
    for entry in entries:
        uses = entry.body.get("hosts")
        for use in uses if entry.kind == "outcome" and isinstance(uses, list) else ():  # pyright: ignore[reportUnknownVariableType]  # JSON
            fields: dict[str, Any] = use if isinstance(use, dict) else {"host": use}  # pyright: ignore[reportUnknownVariableType]  # JSON
            rows.append(
                (
                    text(entry.seq),
                    text(f"{fields.get('host', '?')}:{fields.get('port', '?')}"),
                    text(fields.get("sent_bytes", 0)),
                    text(fields.get("received_bytes", 0)),
                    text(fields.get("refused", "")),
                )
            )
    return table((_("entry"), _("host"), _("bytes sent"), _("bytes received"), _("refused")), rows, (0, 2, 3))


def _usage(entry: Entry, name: str) -> int:
    usage = entry.body.get("usage")
    value: Any = usage.get(name) if entry.kind == "model.result" and isinstance(usage, dict) else 0  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # JSON
    return value if isinstance(value, int) else 0


def _cost(entry: Entry) -> int:
    cost = entry.body.get("cost_uusd") if entry.kind == "model.result" else 0
    return cost if isinstance(cost, int) else 0


def _dollars(uusd: int) -> str:
    return f"${uusd / 1e6:,.4f}"


def _by_model(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.kind in ("model.result", "model.failed"):
            found.setdefault(str(entry.body.get("model", "?")), []).append(entry)
    return found


def _models(entries: Sequence[Entry]) -> str:
    rows: list[tuple[str, ...]] = []
    for model, calls in sorted(_by_model(entries).items()):
        answered = [e for e in calls if e.kind == "model.result"]
        took = [int(e.body.get("duration_ms") or 0) for e in answered]
        energy = sum(int(e.body.get("energy_mwh") or 0) for e in answered)
        rows.append(
            (
                text(model),
                text(len(answered)),
                text(len(calls) - len(answered)),
                text(sum(_usage(e, "input") for e in calls)),
                text(sum(_usage(e, "output") for e in calls)),
                text(_dollars(sum(_cost(e) for e in calls))),
                text(sum(e.body.get("cost_uusd") is None for e in answered)),
                text(f"{energy} mWh" if energy else _("not known")),
                text(f"{sum(took) // len(took)} ms" if took else ""),
            )
        )
    heads = (
        _("model"),
        _("answers"),
        _("failures"),
        _("input tokens"),
        _("output tokens"),
        _("known cost"),
        _("unpriced"),
        _("energy"),
        _("mean time"),
    )
    return table(heads, rows, (1, 2, 3, 4, 5, 6, 7, 8))


def _unfinished(entries: Sequence[Entry]) -> str:
    from assistant.audit.task_view import open_intents_of

    by_task: dict[str, list[Entry]] = {}
    for entry in entries:
        by_task.setdefault(entry.task, []).append(entry)
    waiting = [entry for group in by_task.values() for entry in open_intents_of(group)]
    rows = [(text(e.seq), text(_clock(e.time_ms)), text(summarise(e))) for e in waiting]
    shown = table((_("entry"), _("when (UTC)"), _("was about to run and has no outcome")), rows, (0,))
    return f'<div class="warn">{shown}</div>' if shown else ""


def _plots(entries: Sequence[Entry]) -> str:
    by_hour = Counter(_clock(e.time_ms)[:13] for e in entries)
    by_day = Counter(_clock(e.time_ms)[:10] for e in entries)
    times = by_hour if len(by_hour) <= 20 else by_day
    costs = [(model, sum(_cost(e) for e in calls)) for model, calls in _by_model(entries).items()]
    tokens = [
        (model, sum(_usage(e, "input") + _usage(e, "output") for e in calls))
        for model, calls in _by_model(entries).items()
    ]
    tools = Counter(str(e.body.get("tool", "?")) for e in entries if e.kind == "intent")
    plots = [
        (_("entries over time"), [(t, n, str(n)) for t, n in sorted(times.items())[-20:]]),
        (_("calls by tool"), [(t, n, str(n)) for t, n in tools.most_common(20)]),
        (_("tokens by model"), [(m, n, f"{n:,}") for m, n in sorted(tokens, key=lambda x: -x[1])]),
        (_("known cost by model"), [(m, n, _dollars(n)) for m, n in sorted(costs, key=lambda x: -x[1])]),
    ]
    drawn = [(title, bars(values, title)) for title, values in plots]
    return "".join(f"<h3>{text(title)}</h3>{plot}" for title, plot in drawn if plot)


def _timeline(log: Log, entries: Sequence[Entry]) -> str:
    return table(
        (_("entry"), _("when (UTC)"), _("kind"), _("task"), _("what")),
        [
            (
                text(e.seq),
                text(_clock(e.time_ms)),
                text(e.kind),
                text(e.task[:8]),
                folded(text(preview(log, e)), _detail(log, e)),
            )
            for e in entries
        ],
        (0,),
    )


def _detail(log: Log, entry: Entry) -> str:
    body = msgspec.json.format(msgspec.json.encode(entry.body), indent=2).decode()
    shown = f"<pre>{text(body)}</pre>"
    for name, sha256 in zip(entry.blobs, entry.blob_hashes(), strict=True):
        data = log.blob(sha256)
        words = _("(erased)") if data is None else text_of(data)[:MAX_CONTENT_CHARS]
        shown += f'<p class="soft">{text(name)}</p><pre>{text(words)}</pre>'
    return shown


def _appendix(checked: Verification) -> str:
    script = files("assistant.audit").joinpath("check_export.py.txt").read_text(encoding="utf-8")
    key = checked.signed_by[-1] if checked.signed_by else "VKEY"
    commands = f"assistant log export --contents --out log.jsonl\npython3 check_export.py log.jsonl '{key}'"
    told = _(
        "An export holds every entry with the proof that it is in the log. The script below checks it with Python's standard"
        " library alone; take the key from a place that you trust, not from this page."
    )
    return f"<p>{text(told)}</p><pre>{text(commands)}</pre>{folded('check_export.py', f'<pre>{text(script)}</pre>')}"


_VERDICTS = {"allow": N_("allow"), "ask": N_("ask"), "deny": N_("deny")}
_CHANGES = {
    "created": N_("created"),
    "changed": N_("changed"),
    "deleted": N_("deleted"),
    "renamed": N_("renamed"),
    "mode": N_("mode"),
    "link": N_("link"),
}


def _known(words: Mapping[str, str], code: Any) -> str:
    """A code in words; one that is not known here as it is."""
    return _(words[code]) if isinstance(code, str) and code in words else str(code)
