"""`assistant models ...`, run as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def assistant(home: Path):
    def run(*args: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        env = {
            "HOME": str(home),
            "PATH": "/usr/bin:/bin",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            **environ,
        }
        return subprocess.run(
            [sys.executable, "-m", "assistant", "models", *args],
            input=stdin,
            capture_output=True,
            text=True,
            env=env,
            timeout=60,
        )

    return run


class TestList:
    def test_results_go_to_stdout_and_the_rest_to_stderr(self, assistant) -> None:  # type: ignore[no-untyped-def]
        done = assistant("list", GROQ_API_KEY="gsk-secret")
        assert done.returncode == 0
        ids = [line.split()[0 if line[0] != "*" else 1] for line in done.stdout.splitlines()]
        assert "groq/openai/gpt-oss-120b" in ids
        assert ids[-1] == "builtin/offline"
        assert "A new task gets groq/openai/gpt-oss-120b" in done.stderr
        assert (
            "anthropic      no key: ANTHROPIC_API_KEY is not set, and there is no keyring on this system" in done.stderr
        )
        assert "ollama         nothing listens at http://127.0.0.1:11434" in done.stderr or "ollama/" in done.stdout
        assert "gsk-secret" not in done.stdout + done.stderr

    def test_json_gives_one_object_a_model(self, assistant) -> None:  # type: ignore[no-untyped-def]
        rows = [json.loads(line) for line in assistant("list", "--json", "--all").stdout.splitlines()]
        assert {"id", "provider", "usable", "default"} <= set(rows[0])
        assert [r["id"] for r in rows if r["default"]] == ["builtin/offline"]
        assert any(not r["usable"] and r["why_not"] for r in rows)
        assert [r["id"] for r in rows if r["usable"]] == [
            json.loads(x)["id"] for x in assistant("list", "--json").stdout.splitlines()
        ]


class TestShow:
    def test_one_model_with_its_price_and_the_price_s_date(self, assistant) -> None:  # type: ignore[no-untyped-def]
        out = assistant("show", "openai/gpt-5").stdout
        assert "$1.25 in, $10.00 out a million tokens (20" in out
        assert "usable now     no: no key: OPENAI_API_KEY is not set" in out

    def test_an_unknown_price_is_said_to_be_unknown(self, assistant) -> None:  # type: ignore[no-untyped-def]
        assert "price unknown" in assistant("show", "openai/gpt-99", OPENAI_API_KEY="k").stdout

    def test_a_wrong_name_is_exit_2_with_the_nearest_one(self, assistant) -> None:  # type: ignore[no-untyped-def]
        done = assistant("show", "gpt-5")
        assert (done.returncode, done.stdout) == (2, "")
        assert "did you mean `openai/gpt-5`?" in done.stderr


class TestKeys:
    def test_it_says_where_each_key_comes_from_and_never_the_key(self, assistant) -> None:  # type: ignore[no-untyped-def]
        done = assistant("keys", "--json", OPENAI_API_KEY="sk-secret")
        rows = {r["provider"]: r for r in map(json.loads, done.stdout.splitlines())}
        assert rows["openai"]["key_from"] == "OPENAI_API_KEY"
        assert rows["groq"]["why_not"]
        assert "sk-secret" not in done.stdout + done.stderr

    def test_without_a_keyring_keeping_a_key_is_refused_and_nothing_is_written(self, assistant, home: Path) -> None:  # type: ignore[no-untyped-def]
        done = assistant("keys", "set", "openai", stdin="sk-secret\n")
        assert done.returncode == 2
        assert "there is no keyring on this system" in done.stderr
        assert [p for p in home.rglob("*") if p.is_file()] == []

    @pytest.mark.parametrize(
        ("provider", "key"), [("opnai", "sk-1"), ("openai", ""), ("openai", "sk-\x1b[1m"), ("openai", "schlüssel")]
    )
    def test_what_is_no_provider_or_no_key_is_refused(self, assistant, provider: str, key: str) -> None:  # type: ignore[no-untyped-def]
        assert assistant("keys", "set", provider, stdin=f"{key}\n").returncode == 2


class TestStartUp:
    def test_listing_imports_nothing_heavy(self, home: Path) -> None:
        code = (
            "import sys, assistant.cli.models, assistant.models.workers, assistant.models.scripted\n"
            "heavy = {'litellm','openai','httpx','keyring','ecologits','pydantic','xllamacpp','textual','cryptography','h11'}\n"
            "print(sorted(heavy & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == "[]", done.stderr
