"""Settings: one tree, strict, each value with its origin."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from assistant.config import explain_settings, find_paths, load_settings
from assistant.errors import UsageError
from assistant.types import Autonomy


@pytest.fixture
def base(tmp_path: Path) -> dict[str, str]:
    return {"ASSISTANT_HOME": str(tmp_path)}


def write(base: dict[str, str], text: str) -> None:
    folder = Path(base["ASSISTANT_HOME"]) / "config"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text)


class TestPaths:
    def test_xdg_folders_are_used_when_they_are_absolute(self) -> None:
        paths = find_paths({"HOME": "/h", "XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "relative"})
        assert paths.data == "/d/assistant"
        assert paths.config == "/h/.config/assistant"

    def test_trust_lies_apart_from_the_database(self) -> None:
        paths = find_paths({"HOME": "/h"})
        assert not paths.trust.startswith(paths.data)

    def test_no_home_is_said_plainly(self) -> None:
        with pytest.raises(UsageError, match="HOME is not set"):
            find_paths({})


class TestSettings:
    def test_no_file_means_defaults(self, base: dict[str, str]) -> None:
        assert load_settings(find_paths(base), base).autonomy is Autonomy.CONSULTANT

    def test_a_file_sets_and_the_environment_wins(self, base: dict[str, str]) -> None:
        write(base, 'autonomy = "observer"\n[model]\ndefault = "openai/x"\n')
        settings = load_settings(find_paths(base), base | {"ASSISTANT_MODEL": "builtin/offline"})
        assert settings.autonomy is Autonomy.OBSERVER
        assert settings.model.default == "builtin/offline"

    def test_an_unknown_key_is_an_error_that_names_the_nearest(self, base: dict[str, str]) -> None:
        write(base, 'autonomi = "observer"\n')
        with pytest.raises(UsageError, match="did you mean `autonomy`"):
            load_settings(find_paths(base), base)

    def test_broken_toml_names_the_file(self, base: dict[str, str]) -> None:
        write(base, "autonomy = ")
        with pytest.raises(UsageError, match=r"config\.toml"):
            load_settings(find_paths(base), base)

    def test_every_value_has_an_origin(self, base: dict[str, str]) -> None:
        write(base, 'kit = "look"\n')
        rows = {n: (v, o) for n, v, o in explain_settings(find_paths(base), base | {"ASSISTANT_THEME": "light"})}
        assert rows["kit"][0] == "look"
        assert rows["kit"][1].endswith("config.toml")
        assert rows["look.theme"] == ("light", "ASSISTANT_THEME")
        assert rows["max_steps"][1] == "default"


def test_modules_that_hold_no_secrets_are_not_executable_by_accident() -> None:
    root = Path(__file__).resolve().parent.parent / "assistant"
    assert not [f for f in root.rglob("*.py") if f.stat().st_mode & stat.S_IXUSR]
