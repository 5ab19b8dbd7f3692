"""Settings: one tree, strict, each value with its origin."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from assistant.config import change_setting, explain_settings, find_paths, load_settings, parse_setting
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


class TestChanging:
    def file(self, base: dict[str, str]) -> Path:
        return Path(base["ASSISTANT_HOME"]) / "config" / "config.toml"

    def test_comments_order_and_the_rest_stay(self, base: dict[str, str]) -> None:
        write(base, '# mine\nkit = "look"  # careful\n\n[look]\n# bright\ntheme = "light"\n')
        change = change_setting(find_paths(base), "look.theme", "dark", base)
        assert (change.old, change.new) == ("light", "dark")
        assert 'theme = "light"' in self.file(base).read_text(), "nothing is written before it is asked for"
        change.write()
        assert self.file(base).read_text() == '# mine\nkit = "look"  # careful\n\n[look]\n# bright\ntheme = "dark"\n'
        assert load_settings(find_paths(base), base).look.theme == "dark"

    def test_a_file_and_a_table_are_made_when_there_are_none(self, base: dict[str, str]) -> None:
        change_setting(find_paths(base), "budgets.calls", 30, base).write()
        assert load_settings(find_paths(base), base).budgets.calls == 30
        assert stat.S_IMODE(self.file(base).stat().st_mode) == 0o600

    def test_without_a_value_the_default_holds_again(self, base: dict[str, str]) -> None:
        write(base, 'kit = "look"\n[look]\ntheme = "light"\n')
        change_setting(find_paths(base), "look.theme", None, base).write()
        change_setting(find_paths(base), "budgets.calls", None, base).write()
        assert self.file(base).read_text() == 'kit = "look"\n'

    def test_a_value_that_does_not_fit_changes_nothing(self, base: dict[str, str]) -> None:
        write(base, 'kit = "look"\n')
        for name, value in (("max_steps", "many"), ("autonomy", "boss"), ("look.screen_reader", 3), ("me", "x")):
            with pytest.raises(UsageError):
                change_setting(find_paths(base), name, value, base)
        assert self.file(base).read_text() == 'kit = "look"\n'

    def test_an_unknown_setting_names_the_nearest(self, base: dict[str, str]) -> None:
        with pytest.raises(UsageError, match="no setting") as error:
            change_setting(find_paths(base), "look.them", "dark", base)
        assert "look.theme" in error.value.hint

    def test_a_broken_file_is_left_for_its_owner_to_mend(self, base: dict[str, str]) -> None:
        write(base, "kit = ")
        with pytest.raises(UsageError, match="can't be read"):
            change_setting(find_paths(base), "kit", "look", base)
        assert self.file(base).read_text() == "kit = "

    def test_a_link_to_the_file_stays_a_link(self, base: dict[str, str], tmp_path: Path) -> None:
        (tmp_path / "dotfiles.toml").write_text('kit = "look"\n')
        self.file(base).parent.mkdir()
        self.file(base).symlink_to(tmp_path / "dotfiles.toml")
        change_setting(find_paths(base), "kit", "write", base).write()
        assert self.file(base).is_symlink()
        assert (tmp_path / "dotfiles.toml").read_text() == 'kit = "write"\n'

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("kit", "look", "look"),
            ("autonomy", "observer", "observer"),
            ("max_steps", "20", 20),
            ("look.reduced_motion", "yes", True),
            ("me", "a@x.example, b@y.example", ["a@x.example", "b@y.example"]),
            ("model.fallback", '["a/b"]', ["a/b"]),
            ("model.api_base", '{ vllm = "http://localhost:8000/v1" }', {"vllm": "http://localhost:8000/v1"}),
            ("budgets.cost_uusd", "", None),
        ],
    )
    def test_what_is_typed_is_read_by_the_settings_type(self, name: str, text: str, value: object) -> None:
        assert parse_setting(name, text) == value

    @pytest.mark.parametrize(("name", "text"), [("max_steps", "a lot"), ("tools", "{"), ("nothing", "1")])
    def test_what_is_typed_and_fits_nothing(self, name: str, text: str) -> None:
        with pytest.raises(UsageError):
            parse_setting(name, text)
