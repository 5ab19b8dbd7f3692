"""What the log's entries of a call say: of its decision, of its result, of its observed effect."""

from __future__ import annotations

import base64
import hashlib

import msgspec

from assistant.canonical import dumps
from assistant.gateway.changes import change_body
from assistant.gateway.output import Reading
from assistant.gateway.record import Record
from assistant.types import JSON, Action, Change, Completed, ImagePart, ToolResult, Verdict
from assistant.visible import visible


def resource_word(action: Action) -> str:
    """What an entry says of the resource for good. A command may hold anything, so only its first word stays in the body."""
    resource = action.resource
    shown = resource.id.split(maxsplit=1)[0] if resource.type == "command" and resource.id.strip() else resource.id
    return f"{resource.type}:{visible(shown)[:400]}"


def decision_records(call_id: str, action: Action, name: str, verdict: Verdict) -> tuple[Record, Record]:
    """The `intent` and the `decision` of a call, to be written together. `name` is the Action's digest."""
    intent: dict[str, JSON] = {
        "call": call_id,
        "tool": action.tool,
        "effect": str(action.effect),
        "digest": name,
        "resource": resource_word(action),
    }
    decision: dict[str, JSON] = {
        "call": call_id,
        "digest": name,
        "decision": str(verdict.decision),
        "policies": list(verdict.policies),
        "code": verdict.code,
        "policy_set_sha256": verdict.policy_set_sha256,
    }
    return (
        ("intent", intent, {"action": dumps(action)}),
        ("decision", decision, {"reason": verdict.reason.encode()}),
    )


def result_blobs(result: ToolResult, reading: Reading) -> dict[str, bytes]:
    """A result apart from its pictures (each a blob of its own, named by its SHA-256) and from its leaves for policy."""
    pictures = {f"image{n}": base64.b64decode(i.data_b64) for n, i in enumerate(result.images)}
    named = tuple(
        ImagePart(image.media_type, hashlib.sha256(data).hexdigest())
        for image, data in zip(result.images, pictures.values(), strict=True)
    )
    fields = {"fields": dumps(list(reading.fields))} if reading.fields else {}
    return {"result": dumps(msgspec.structs.replace(result, images=named)), **fields, **pictures}


def outcome_body(
    call_id: str,
    name: str,
    status: str,
    *,
    done: Completed | None = None,
    changes: list[Change] | None = None,
    wall_ms: int = 0,
) -> dict[str, JSON]:
    """Body of an `outcome` entry: the observed effect."""
    body: dict[str, JSON] = {"call": call_id, "digest": name, "status": status, "wall_ms": wall_ms}
    if done is not None:
        body |= {
            "exit_status": done.exit_status,
            "signal": done.signal,
            "cpu_ms": done.cpu_ms,
            "max_rss_bytes": done.max_rss_bytes,
            "hosts": [
                {
                    "host": h.host,
                    "port": h.port,
                    "sent": h.sent_bytes,
                    "received": h.received_bytes,
                    "ms": h.duration_ms,
                    "refused": h.refused,
                }
                for h in done.hosts
            ],
        }
    if changes:
        body["changes"] = [change_body(c) for c in changes[:_LISTED_CHANGES]]
        body["changed"] = len(changes)
    return body


_LISTED_CHANGES = 200
"""An entry names this many changes; the stage knows the rest. Keeps entries small enough to page through."""
