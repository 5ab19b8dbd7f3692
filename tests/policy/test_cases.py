"""What a reasonable person expects, case by case (`cases/*.toml`): mail, calendar, payments, chat, web, files, shell, git."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from assistant.policy import shell
from assistant.policy.judge import Judge
from assistant.types import Argument, Autonomy, Effect, Kind, Resource, Role
from tests.policy.making import FOLDER, action, make_session, plain_engine

CASES = Path(__file__).parent / "cases"


def load() -> list[Any]:
    found: list[Any] = []
    for file in sorted(CASES.glob("*.toml")):
        tree = tomllib.loads(file.read_text())
        for case in tree["case"]:
            found.append(pytest.param(tree, case, id=f"{file.stem}: {case['name']}"))
    return found


def fits(decision: str, expected: str) -> bool:
    return decision != expected[4:] if expected.startswith("not ") else decision in expected.split(" or ")


def judge_service(tree: dict[str, Any], case: dict[str, Any]) -> tuple[str, str]:
    judge = Judge(plain_engine())
    tools = [{"name": name, **spec} for name, spec in tree["tools"].items()]
    task = {"prompt": case["prompt"], "user": tree.get("user", []), "tools": tools}
    assert judge.answer({"op": "start", "id": 1, "task": task}) == {"ok": True}
    for name in case.get("seen", []):
        for piece in [name] if isinstance(name, dict) else tree["seen"][name]:
            args = piece.get("args", {})
            fields = piece.get("fields", [])
            message = {"op": "result", "tool": "reader", "args": args, "output": piece["text"], "fields": fields}
            assert judge.answer(message) == {"ok": True}
    answer = judge.answer({"op": "call", "id": 1, **case["call"]})
    return answer["decision"], answer["reason"]


def judge_here(case: dict[str, Any]) -> tuple[str, str]:
    session = make_session(Autonomy(case.get("autonomy", "consultant")))
    session.said(case["prompt"])
    facts = dict(case.get("facts", {}))
    if "command" in case:
        line = shell.parse(case["command"])
        facts |= {"commands": line.argvs, "understood": line.understood, "staged": True}
        argument = Argument("command", case["command"], Role.PARAM, Kind.COMMAND)
        made = action(Effect.EXECUTE, Resource("command", case["command"]), argument, tool="run_command", **facts)
    else:
        path = case["path"] if case["path"].startswith("/") else f"{FOLDER}/{case['path']}"
        argument = Argument("path", path, Role.TARGET, Kind.PATH)
        made = action(Effect(case["effect"]), Resource("file", path), argument, **facts)
    verdict = session.judge(made, now_ms=0)
    return verdict.decision.value, verdict.reason


@pytest.mark.parametrize(("tree", "case"), load())
def test_the_verdict_is_what_a_person_expects(tree: dict[str, Any], case: dict[str, Any]) -> None:
    decision, reason = judge_service(tree, case) if "call" in case else judge_here(case)
    assert fits(decision, case["expect"]), f"{decision}: {reason}"


def test_there_are_enough_cases_of_every_field() -> None:
    assert len(load()) >= 60
    assert {f.stem for f in CASES.glob("*.toml")} == {
        "mail", "calendar", "payments", "chat", "web", "files", "shell", "git",
    }  # fmt: skip
