"""Keys in the system's keyring."""

from __future__ import annotations

import time
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

from assistant.errors import UsageError
from assistant.models import keys


class Memory(keyring.backend.KeyringBackend):
    """A keyring that forgets when the test ends."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Waiting(Memory):
    """Waits for a password that nobody types."""

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(5)
        return None


class Broken(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("org.freedesktop.Secret.Error: sk-looks-like-a-key")


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


class TestKeys:
    def test_a_key_is_kept_found_and_forgotten(self, ring: Memory) -> None:
        keys.store("openai", "sk-1")
        assert keys.look_up("openai") == keys.Looked("sk-1")
        keys.forget("openai")
        assert keys.look_up("openai") == keys.Looked("")

    def test_forgetting_what_is_not_kept_says_so(self, ring: Memory) -> None:
        with pytest.raises(UsageError, match="no key for `groq`"):
            keys.forget("groq")

    def test_M9_nothing_is_written_to_a_file(self, ring: Memory, home: Path) -> None:
        keys.store("openai", "sk-1")
        assert [p for p in home.rglob("*") if p.is_file() and b"sk-1" in p.read_bytes()] == []

    def test_no_keyring_is_a_plain_word_and_not_a_crash(self, ring: Memory) -> None:
        keyring.set_keyring(keyring.backends.fail.Keyring())
        assert keys.look_up("openai") == keys.Looked(problem="there is no keyring on this system")
        with pytest.raises(UsageError, match="OPENAI_API_KEY"):
            keys.store("openai", "sk-1")

    def test_a_keyring_that_waits_is_given_up_at_the_deadline(self, ring: Memory) -> None:
        keyring.set_keyring(Waiting())
        begun = time.monotonic()
        assert "is it locked?" in keys.look_up("openai", deadline_s=0.1).problem
        assert time.monotonic() - begun < 1

    def test_what_a_broken_keyring_says_is_not_repeated(self, ring: Memory) -> None:
        keyring.set_keyring(Broken())
        assert keys.look_up("openai").problem == "the keyring refused (RuntimeError)"
