"""A folder that may not be read is hidden from every program, however a command is put."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Program

SECRET = "the-very-secret"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("run_command", {"command": "cat s*/* 2>&1; x=secr; cat ${x}ets/a.txt 2>&1; find . | xargs cat 2>&1; true"}),
        ("run_python", {"code": "import glob\nfor p in glob.glob('**', recursive=True):\n  try: print(open(p).read())\n  except OSError as e: print(e)"}),
        ("search_text", {"pattern": "very"}),
    ],
)  # fmt: skip
def test_a_policy_against_reading_holds_for_what_no_parser_can_tell(
    program: Program, tool: str, arguments: dict[str, str]
) -> None:
    (program.folder / "secrets").mkdir()
    (program.folder / "secrets/a.txt").write_text(SECRET)
    (program.folder / "open.txt").write_text("very open")
    model = program.script({"calls": [{"name": tool, "arguments": arguments}]}, {"text": "done"})
    free = program.run("run", "show everything", "--model", model, "--tools", tool, "--json")
    assert SECRET in free.event("call_finished")["result"]["text"]
    policies = program.folder / ".assistant/policies"
    policies.mkdir(parents=True)
    (policies / "own.cedar").write_text(
        f'@id("no-secrets-folder") @reason("not yours to read")\n'
        f"forbid(principal, action, resource in Folder::{json.dumps(str(program.folder / 'secrets'))});"
    )
    kept = program.run("run", "show everything", "--model", model, "--tools", tool, "--json")
    text = kept.event("call_finished")["result"]["text"]
    assert SECRET not in text
    assert "very open" in text
