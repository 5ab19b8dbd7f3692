"""What git knows, asked by fixed commands."""

from __future__ import annotations

import re
import shlex

from assistant.models.offline.markdown import block
from assistant.models.offline.plans.run import output
from assistant.models.offline.plans.steps import Aid, Steps, Stuck, ask
from assistant.models.offline.wish import Wish
from assistant.types import ToolResult

COMMITS = 10


def asked(wish: Wish, aid: Aid) -> Steps[str]:
    """status, log, diff, branch; and a commit, with its message."""
    paths = f" -- {' '.join(map(shlex.quote, wish.paths))}" if wish.paths else ""
    count = max(1, min(wish.limit or COMMITS, 200))
    command = {
        "status": "git --no-pager --no-optional-locks status --short --branch",
        "log": f"git --no-pager log -n {count} --date=short --format='%h %ad %an: %s'{paths}",
        "diff": f"git --no-pager diff --no-color --no-ext-diff{paths}",
        "branch": "git --no-pager branch --no-color --all",
        "commit": f"git add --all && git commit -m {shlex.quote(wish.text)}",
    }[wish.how]
    result = yield from ask(aid, "run_command", command=command)
    if "not a git repository" in result.text:
        raise Stuck(aid.say("git none"))
    if not result.ok or re.search(r"^fatal: |exit (?:status|code):? [1-9]", result.text, re.MULTILINE):
        return output(command, result, aid)
    return _told(wish, command, result, aid)


def _told(wish: Wish, command: str, result: ToolResult, aid: Aid) -> str:
    lines = [line for line in result.text.rstrip("\n").split("\n") if line.strip()]
    if wish.how == "status":
        head = next((line for line in lines if line.startswith("## ")), "")
        name = re.match(r"## (?:No commits yet on )?([^\s.]+)", head)
        branch = aid.say("git branch", name=name[1]) if name else ""
        changed = [line for line in lines if not line.startswith("## ")]
        return (
            f"{aid.say('git status', n=len(changed), branch=branch)}\n\n{block(chr(10).join(changed[:100]))}"
            if changed
            else aid.say("git clean", branch=branch)
        )
    if wish.how == "log" and lines:
        return f"{aid.say('git log', n=len(lines))}\n\n{block(chr(10).join(lines))}"
    if wish.how == "diff":
        if not lines:
            return aid.say("git diff none")
        return f"{aid.say('git diff')}\n\n{block(chr(10).join(lines[:200]), 'diff')}" + (
            f"\n\n{aid.say('cut')}" if len(lines) > 200 else ""
        )
    return output(command, result, aid)
