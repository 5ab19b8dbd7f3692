"""OfflineModel as the loop sees it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import assistant.models.offline
from assistant.models.offline import OfflineModel
from assistant.models.protocol import Model
from assistant.types import CallDone, Finished, Message, ModelRequest, TextDelta, TextPart
from tests.conformance.model_suite import ModelSuite, asked, collect

PACKAGE = Path(assistant.models.offline.__file__).parent


class TestOfflineModelConforms(ModelSuite):
    async def answering(self) -> Model:
        return OfflineModel()

    async def calling(self) -> Model:
        return OfflineModel()


class TestStreaming:
    async def test_an_answer_comes_in_pieces_that_make_it_up(self) -> None:
        events = await collect(OfflineModel(), asked("help"))
        pieces = [e.text for e in events if isinstance(e, TextDelta)]
        assert len(pieces) > 5
        assert max(map(len, pieces)) <= 48
        assert "".join(pieces).startswith("I am the assistant's built-in rule-based model")

    async def test_words_or_calls_never_both(self) -> None:
        for said in ("read a.txt", "help"):
            events = await collect(OfflineModel(), asked(said))
            assert any(isinstance(e, TextDelta) for e in events) != any(isinstance(e, CallDone) for e in events)

    async def test_usage_is_there_and_marked_as_an_estimate(self) -> None:
        last = (await collect(OfflineModel(), asked("hello")))[-1]
        assert isinstance(last, Finished)
        assert last.usage is not None
        assert last.usage.estimated
        assert last.usage.input > 0
        assert last.usage.output > 0

    async def test_the_output_limit_is_kept_and_said(self) -> None:
        request = ModelRequest((Message("user", (TextPart("help"),)),), max_output_tokens=10)
        events = await collect(OfflineModel(), request)
        assert sum(len(e.text) for e in events if isinstance(e, TextDelta)) <= 40
        assert isinstance(events[-1], Finished)
        assert events[-1].finish == "length"

    async def test_O2_the_same_request_gives_the_same_events(self) -> None:
        for said in ("read a.txt", "help", "15% of 80"):
            assert await collect(OfflineModel(), asked(said)) == await collect(OfflineModel(), asked(said))

    async def test_no_conversation_at_all_is_answered(self) -> None:
        events = await collect(OfflineModel(), ModelRequest(()))
        assert isinstance(events[-1], Finished)

    def test_it_is_free_and_local(self) -> None:
        info = OfflineModel().info
        assert info.id == "builtin/offline"
        assert info.local
        assert info.input_uusd_per_mtok == info.output_uusd_per_mtok == 0


class TestItTouchesNothing:
    def test_O1_no_module_can_read_write_start_or_connect(self) -> None:
        allowed = {
            "__future__", "ast", "asyncio", "collections", "dataclasses", "datetime", "difflib", "enum", "fractions", "functools", "hashlib", "json", "math", "re", "shlex", "threading",
            "typing", "msgspec", "assistant",
        }  # fmt: skip
        for file in PACKAGE.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                names = (
                    [a.name for a in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
                for name in names:
                    assert name.split(".")[0] in allowed, f"{file.name} imports {name}"
                    if name.startswith("assistant."):
                        assert name.startswith(("assistant.types", "assistant.visible", "assistant.models.offline")), (
                            f"{file.name} imports {name}"
                        )
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    assert node.func.id not in {"open", "eval", "exec", "compile", "__import__", "input", "print"}, (
                        f"{file.name} calls {node.func.id}"
                    )

    def test_no_file_or_function_is_too_long(self) -> None:
        for file in PACKAGE.rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            assert text.count("\n") <= 600, file
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    assert (node.end_lineno or 0) - node.lineno < 60, f"{file.name}: {node.name}"


class TestStartUp:
    def test_importing_it_loads_no_grammar_and_nothing_heavy(self) -> None:
        code = (
            "import sys; import assistant.types; before = set(sys.modules); import assistant.models.offline;"
            "new = set(sys.modules) - before; print(' '.join(sorted(n for n in new if n.startswith('assistant'))));"
            "print(any(n in sys.modules for n in ('litellm', 'mcp', 'textual', 'httpx', 'fractions', 'difflib')))"
        )
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert out[0].split() == ["assistant.models", "assistant.models.offline", "assistant.models.offline.model"]
        assert out[1] == "False"

    async def test_warming_up_takes_no_time_of_the_caller(self) -> None:
        import time

        start = time.perf_counter()
        OfflineModel().warm_up()
        assert time.perf_counter() - start < 0.05


@pytest.mark.parametrize("language", [0, 1])
def test_no_phrase_of_a_language_is_missing_or_has_other_values(language: int) -> None:
    import re

    from assistant.models.offline.phrases import PHRASES

    for name, both in PHRASES.items():
        assert both[language].strip(), name
        values = [set(re.findall(r"\{(\w+)", text)) for text in both]
        # English may leave out a value that Chinese has and the other way round only where a number is worded apart.
        assert values[0] == values[1] or name in {"count words zh"}, (name, values)


def test_every_phrase_is_used_and_every_used_phrase_exists() -> None:
    import re

    from assistant.models.offline.phrases import PHRASES

    source = "\n".join(f.read_text(encoding="utf-8") for f in PACKAGE.rglob("*.py") if f.parent.name != "phrases")
    said = set(re.findall(r"\bsay\(\s*[\"']([^\"'{]+)[\"']", source))
    assert said <= set(PHRASES), said - set(PHRASES)
    computed = (
        "act ",
        "ask ",
        "top ",
        "the ",
        "why ",
        "lines ",
        "did ",
        "refused",
        "needs_person",
        "timeout",
        "stopped",
        "may_have_happened",
        "sandbox_unavailable",
        "log_unavailable",
    )
    unused = [
        p
        for p in PHRASES
        if p not in said
        and f'"{p}"' not in source
        and f"'{p}'" not in source
        and not p.startswith(computed)
        and p not in {"greet", "thanks", "undo", "decline"}
    ]
    assert not unused, unused
