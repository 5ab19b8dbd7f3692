"""Comparing two files line by line."""

from __future__ import annotations

import shlex

from assistant.models.offline.markdown import block, code
from assistant.models.offline.plans.steps import Aid, Steps, must, opened
from assistant.models.offline.wish import Wish

LINES = 120
"""Lines of the difference that are shown."""
HERE = 4_000
"""Lines up to which the comparison is made here; longer files are left to `diff`."""


def compared(wish: Wish, aid: Aid) -> Steps[str]:
    """Whether they are the same, how many lines differ, and the difference."""
    a = yield from opened(aid, wish.paths[0])
    b = yield from opened(aid, wish.paths[1])
    names = {"a": code(a.path), "b": code(b.path)}
    remarks = "\n\n".join(filter(None, [a.remark, b.remark]))
    left, right = a.reading.lines, b.reading.lines
    whole = a.reading.whole and b.reading.whole
    if whole and left == right and a.reading.image == b.reading.image is False:
        return "\n\n".join(filter(None, [remarks, aid.say("same", **names)]))
    if not whole or max(len(left), len(right)) > HERE or a.reading.image or b.reading.image:
        command = f"diff -u -- {shlex.quote(a.path)} {shlex.quote(b.path)} | head -n {LINES}"
        result = yield from must(aid, "run_command", command=command)
        text = result.text.strip()
        return f"{aid.say('differ plain', **names)}\n\n{block(text, 'diff')}" if text else aid.say("same", **names)
    import difflib  # 4 ms: only comparisons need it

    rows = list(difflib.unified_diff(left, right, a.path, b.path, lineterm="", n=2))
    more = sum(r.startswith("+") for r in rows[2:])
    less = sum(r.startswith("-") for r in rows[2:])
    cut = f"\n\n{aid.say('cut')}" if len(rows) > LINES else ""
    body = f"{aid.say('differ', more=more, less=less, **names)}\n\n{block(chr(10).join(rows[:LINES]), 'diff')}{cut}"
    return f"{remarks}\n\n{body}" if remarks else body
