"""Applies what one command of the person's own changed (`sandbox exec --apply`), in the log before and after.

No policy is asked: policies judge what models do, and this is the person's own word. What is held for review stays so.
Everything here is imported after the command ended, and only when it changed something: 25 ms that others do not pay.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.audit.log import Draft, Log
from assistant.canonical import digest, dumps
from assistant.errors import LogError
from assistant.gateway.changes import applied_body, apply_action, text_of
from assistant.types import Answer, Change, Channel, Task

if TYPE_CHECKING:
    from assistant.config import Paths
    from assistant.sandbox.protocol import ApplyReport, Stage


def apply_recorded(
    paths: Paths, stage: Stage, task: str, changes: Sequence[Change], argv: Sequence[str]
) -> ApplyReport:
    """Apply all of `changes` but what is held. Raises LogError, saying whether anything was applied."""
    plain = [c for c in changes if not c.held]
    action = apply_action(Task(task, str(stage.folder), ""), plain, held=False)
    name, call = digest(action), f"apply-{os.urandom(4).hex()}"
    intent = {"call": call, "tool": "sandbox exec", "effect": "apply", "digest": name, "resource": f"stage:{task}"}
    approval = {"call": call, "digest": name, "answer": str(Answer.ONCE), "channel": str(Channel.COMMAND)}
    command = dumps({"argv": [text_of(word) for word in argv]})
    log: Log | None = None
    try:
        try:
            log = Log.open(paths)
            log.append_many(
                [
                    Draft("intent", task, intent, {"action": dumps(action), "command": command}),
                    Draft("approval", task, approval),
                ]
            )
        except LogError as error:
            raise LogError(
                f"nothing was applied, since the log can't be written: {error.message}",
                hint=f"the changes wait: mend the log (`assistant log verify`), then `assistant stage apply {task}`",
            ) from error
        report = stage.apply()
        try:
            log.append("stage.apply", task, applied_body(call, name, report))
        except LogError as error:
            raise LogError(
                f"the changes were applied, but the log does not say so: {error.message}", hint=error.hint
            ) from error
        return report
    finally:
        if log is not None:
            log.close()
