"""Several wishes one after the other, and answers that are written to a file as well."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from assistant.models.offline.markdown import code
from assistant.models.offline.plans.steps import Aid, Plan, Steps, Stuck, check, reason, tool
from assistant.models.offline.wish import Intent, Wish

if TYPE_CHECKING:
    from assistant.models.offline.conversation import Turn


@cache
def _plans() -> dict[Intent, Plan]:
    from assistant.models.offline.plans import (
        change_names,
        change_text,
        compare,
        compute,
        count,
        delete,
        files,
        git,
        places,
        read,
        run,
        search,
        summarise,
        todo,
        write,
    )

    return {
        Intent.LIST: files.listed,
        Intent.FIND: files.found,
        Intent.SEARCH: search.searched,
        Intent.READ: read.shown,
        Intent.SUMMARISE: summarise.summarised,
        Intent.COUNT: count.counted,
        Intent.SIZE: count.sized,
        Intent.COMPARE: compare.compared,
        Intent.COMPUTE: compute.computed,
        Intent.RENAME: change_names.renamed,
        Intent.MOVE: places.moved,
        Intent.COPY: places.copied,
        Intent.TIDY: places.tidied,
        Intent.WRITE: write.written,
        Intent.APPEND: write.appended,
        Intent.FOLDER: write.folder,
        Intent.REPLACE: change_text.replaced,
        Intent.LINES: change_text.lines_changed,
        Intent.TODO: todo.listed,
        Intent.DELETE: delete.deleted,
        Intent.RUN: run.ran,
        Intent.TESTS: run.tested,
        Intent.GIT: git.asked,
    }


def carry_out(wishes: Sequence[Wish], aid: Aid, earlier: Sequence[Turn]) -> Steps[str]:
    """Each wish in turn; the first that gets stuck ends it, and the answer says what was not done."""
    said: list[str] = []
    for number, wish in enumerate(wishes, 1):
        try:
            said.append((yield from _one(wish, aid, earlier)))
        except Stuck as stuck:
            said.append(stuck.words)
            if number < len(wishes):
                rest = ", ".join(aid.say("step", n=n) for n in range(number + 1, len(wishes) + 1))
                said.append(aid.say("not done", steps=rest))
            break
        aid = msgspec.structs.replace(aid, answer=said[-1])
    return "\n\n".join(said)


def _one(wish: Wish, aid: Aid, earlier: Sequence[Turn]) -> Steps[str]:
    if wish.missing:
        return aid.say(
            f"ask {wish.missing}"
            if wish.missing in {"second file", "files", "target", "command", "new name"}
            else "ask file"
        )
    if wish.intent is Intent.BARE:
        return (yield from _bare(wish, aid, earlier))
    plan = _plans().get(wish.intent)
    if plan is None:
        from assistant.models.offline.plans import talk

        return talk.answered(wish, aid, earlier)
    answer = yield from plan(wish, aid)
    if wish.save_to and wish.intent is not Intent.TODO:
        answer = f"{answer}\n\n{yield from _save(wish.save_to, answer, aid)}"
    return answer


def _bare(wish: Wish, aid: Aid, earlier: Sequence[Turn]) -> Steps[str]:
    # A file's name alone is a wish to see it; a word alone means nothing.
    if not wish.paths:
        from assistant.models.offline.plans import talk

        return talk.answered(Wish(Intent.UNKNOWN), aid, earlier)
    from assistant.models.offline.plans import read

    return (yield from read.shown(Wish(Intent.READ, paths=wish.paths), aid))


def _save(path: str, answer: str, aid: Aid) -> Steps[str]:
    from assistant.models.offline.plans.steps import ask_all

    try:
        tool(aid, "write_file")
        args = {"path": path, "content": answer.strip() + "\n"}
        (result,) = yield from ask_all(aid, "write_file", args)
        check(aid, result, "write_file", {"path": path})
    except Stuck as stuck:
        return aid.say("also failed", file=code(path), why=stuck.words)
    return (
        aid.say("saved", file=code(path)) if result.ok else aid.say("also failed", file=code(path), why=reason(result))
    )
