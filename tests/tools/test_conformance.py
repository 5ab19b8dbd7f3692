"""Every tool, the same questions: is its manifest honest, does it stay within its cap, does nothing make it hang or break.

A new tool is taken in by being there.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from assistant.gateway.registry import Registry
from assistant.shipped import shipped
from assistant.types import Effect, Kind, ToolSpec

REGISTRY = Registry.load([shipped("tools")])
ALL = [pytest.param(spec, id=spec.name) for spec in REGISTRY.all()]
JSON_TOOLS = [pytest.param(spec, id=spec.name) for spec in REGISTRY.all() if spec.protocol == "json"]
OFFLINE = [p for p in JSON_TOOLS if p.values[0].effect not in (Effect.FETCH, Effect.SEND, Effect.ACT)]  # pyright: ignore[reportAttributeAccessIssue]


def validator(spec: ToolSpec) -> Any:
    return jsonschema_rs.validator_for(dict(spec.parameters))


def path_argument(spec: ToolSpec) -> tuple[str, bool] | None:
    """(name, whether a list) of the argument that names the file or folder to look at."""
    for name, meaning in spec.args.items():
        if meaning.kind in (Kind.PATH, Kind.GLOB) and name not in ("to", "save_as"):
            return name, spec.parameters["properties"][name].get("type") == "array"
    return None


@pytest.mark.parametrize("spec", ALL)
class TestManifest:
    def test_the_example_fits_the_schema(self, spec: ToolSpec) -> None:
        assert spec.example or not spec.parameters["properties"], "every manifest shows an example"
        validator(spec).validate(dict(spec.example))

    def test_unknown_arguments_are_refused(self, spec: ToolSpec) -> None:
        assert not validator(spec).is_valid({**spec.example, "surprise": 1})

    def test_wrong_types_are_refused(self, spec: ToolSpec) -> None:
        for name in spec.example:
            assert not validator(spec).is_valid({**spec.example, name: {"of": ["another", "type"]}}), name

    def test_missing_arguments_are_refused(self, spec: ToolSpec) -> None:
        for name in spec.parameters.get("required", []):
            rest = {k: v for k, v in spec.example.items() if k != name}
            assert not validator(spec).is_valid(rest), name

    def test_it_says_in_plain_words_what_it_can_and_cannot(self, spec: ToolSpec) -> None:
        for words in (spec.can, spec.cannot):
            assert words[0].isupper()
            assert words.endswith(".")

    def test_it_has_limits(self, spec: ToolSpec) -> None:
        assert spec.limits.wall_s
        assert spec.limits.output_bytes

    def test_it_is_short_in_a_request(self, spec: ToolSpec) -> None:
        sent = {"name": spec.name, "description": spec.summary, "parameters": spec.parameters}
        assert len(json.dumps(sent, separators=(",", ":"))) <= 800


class TestKitsAreLean:
    def test_the_write_kit_leaves_room_for_the_system_prompt(self) -> None:
        """The first request of a task with file and shell tools is at most 5.5 kB; the prompt takes about 1.4 of it."""
        import tomllib

        kit = tomllib.loads((shipped("data") / "kits/write.toml").read_text())
        sent = [
            {"type": "function", "function": {"name": s.name, "description": s.summary, "parameters": s.parameters}}
            for s in map(REGISTRY.get, kit["tools"])
        ]
        assert len(json.dumps(sent, separators=(",", ":"))) <= 4100

    def test_every_kit_names_tools_that_exist_in_both_languages(self) -> None:
        import tomllib

        for file in (shipped("data") / "kits").glob("*.toml"):
            kit = tomllib.loads(file.read_text())
            assert kit["name"] == file.stem
            assert set(kit["title"]) == set(kit["description"]) == {"en", "zh"}
            for tool in kit["tools"]:
                REGISTRY.get(tool)


CASES = [
    pytest.param(spec.name, case, id=f"{spec.name}-{n}")
    for spec in REGISTRY.all()
    for n, case in enumerate(REGISTRY.cases(spec.name))
    if spec.protocol == "json"
]


class TestCases:
    @pytest.mark.parametrize(("tool", "case"), CASES)
    def test_the_test_data_of_the_manifest_holds(self, call, put, folder: Path, tool: str, case: Any) -> None:
        validator(REGISTRY.get(tool)).validate(dict(case.args))
        for name, content in case.files.items():
            put(name, content)
        for name, content in case.files_base64.items():
            put(name, base64.b64decode(content))
        answer = call(tool, **case.args)
        assert answer.code == case.error, answer.text
        assert case.expects in answer.text
        for name, content in case.leaves.items():
            assert (folder / name).read_text() == content

    @pytest.mark.parametrize("spec", JSON_TOOLS)
    def test_every_tool_has_test_data(self, spec: ToolSpec) -> None:
        assert REGISTRY.cases(spec.name)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "circle of links": lambda p: p.symlink_to(p.name),
    "link to nothing": lambda p: p.symlink_to("nothing"),
    "link to a device": lambda p: p.symlink_to("/dev/zero"),
    "link out of the folder": lambda p: p.symlink_to("/etc"),
    "endless line": lambda p: p.write_bytes(b"x" * 3_000_000),
    "NULs": lambda p: p.write_bytes(b"\0" * 100_000),
    "escape sequences": lambda p: p.write_bytes(b"\x1b]0;title\x07\x1b[2J" * 1000),
    "random bytes": lambda p: p.write_bytes(os.urandom(100_000)),
    "empty": lambda p: p.write_bytes(b""),
    "deep folders": lambda p: p.joinpath(*["d"] * 300).mkdir(parents=True),
    "folder": lambda p: p.mkdir(),
    "unreadable": lambda p: p.touch(0),
    "a billion laughs": lambda p: p.write_text(
        '<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "ha">'
        + "".join(f'<!ENTITY {c} "{f"&{b};" * 10}">' for b, c in zip("abcdefghi", "bcdefghij", strict=True))
        + "]><z>&j;</z>"
    ),
}


@pytest.mark.parametrize("spec", OFFLINE)
class TestHostileFiles:
    """A result or an error, within the deadline and the cap, and nothing outside touched."""

    @pytest.mark.parametrize("kind", HOSTILE)
    def test_T5_survives(self, call, folder: Path, spec: ToolSpec, kind: str) -> None:
        found = path_argument(spec)
        if found is None:
            pytest.skip("it takes no path")
        name, many = found
        file = folder / "hostile.pdf"
        HOSTILE[kind](file)
        outside = sorted(p.name for p in folder.parent.iterdir())
        begin = time.monotonic()
        answer = call(spec.name, 4000, **{**spec.example, name: ["hostile.pdf"] if many else "hostile.pdf"})
        assert time.monotonic() - begin < 10
        assert len(answer.text.encode()) <= 4000
        assert answer.ok or answer.code
        assert answer.text
        assert sorted(p.name for p in folder.parent.iterdir()) == outside


@pytest.mark.parametrize("spec", OFFLINE)
class TestOddNames:
    def test_names_with_line_feeds_escapes_and_odd_bytes_are_shown_on_one_line(
        self, call, folder: Path, spec: ToolSpec
    ) -> None:
        if path_argument(spec) is None:
            pytest.skip("it takes no path")
        odd = os.fsdecode(b"a\n\x1b[31m\xff.pdf")
        (folder / odd).write_text("text")
        name, many = path_argument(spec) or ("", False)
        shown = "a\\x0a\\x1b[31m\\xff.pdf"
        answer = call(spec.name, **{**spec.example, name: [shown] if many else shown})
        assert "\x1b" not in answer.text
        assert "a\n" not in answer.text


class TestCancel:
    """Killed in the middle, a call is gone at once and leaves no children."""

    @pytest.mark.parametrize("spec", OFFLINE)
    def test_ends_within_200_ms(self, start, folder: Path, spec: ToolSpec) -> None:
        for n in range(300):
            (folder / f"{n}.txt").write_text("x" * 1000)
        process: subprocess.Popen[bytes] = start(spec.name, **spec.example)
        time.sleep(0.01)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=5)
        assert time.monotonic() - begin < 0.2


class TestDisappearingFiles:
    @pytest.mark.parametrize("tool", ["list_dir", "find_files", "search_text", "disk_usage"])
    def test_a_tree_that_changes_while_it_is_walked(self, call, folder: Path, tool: str) -> None:
        for n in range(500):
            (folder / f"d{n}").mkdir()
            (folder / f"d{n}" / "x.txt").write_text("x")
        script = f"import shutil, os\nfor n in range(500): shutil.rmtree(os.path.join({str(folder)!r}, f'd{{n}}'), ignore_errors=True)"
        remover = subprocess.Popen([sys.executable, "-c", script])
        try:
            for _ in range(3):
                args = {"pattern": "x"} if tool == "search_text" else {}
                assert call(tool, **args).ok
        finally:
            remover.wait()
