"""A room that runs nothing: it answers with what the test says, and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from assistant.sandbox.protocol import ApplyReport, Command, Stage
from assistant.types import Change, Completed


class FakeRoom:
    """Answers every command with `answer`; `hang` makes it wait until it is cancelled."""

    def __init__(self, text: str = "ok", *, hang: bool = False, changes: tuple[Change, ...] = ()) -> None:
        self.commands: list[Command] = []
        self.text = text
        self.hang = hang
        self.changes = changes
        self.ended = False
        self.before_run: Callable[[], None] = lambda: None

    @property
    def stage(self) -> Stage:
        raise NotImplementedError

    async def run(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> Completed:
        self.before_run()
        self.commands.append(command)
        try:
            if self.hang:
                await asyncio.Event().wait()
        finally:
            self.ended = True
        if command.argv[0] == "bash":
            if on_output:
                on_output(self.text.encode())
            return Completed(0, stdout=self.text.encode())
        return Completed(0, stdout=msgspec.json.encode({"result": {"text": self.text}}))

    def call_changes(self) -> list[Change]:
        return list(self.changes)

    async def stop(self) -> None:
        self.ended = True

    async def aclose(self) -> None:
        self.ended = True


class FakeStage:
    """A stage that holds what the test put there."""

    warning = ""

    def __init__(self, folder: Path, *changes: Change) -> None:
        self.folder = folder
        self.held: list[Change] = list(changes)
        self.applied: list[Change] = []

    def changes(self) -> list[Change]:
        return list(self.held)

    def diff(self, path: str) -> str:
        return f"diff of {path}"

    def diffs(self, paths: Sequence[str] | None = None) -> Iterator[tuple[Change, str]]:
        for change in self.held:
            if paths is None or change.path in paths:
                yield change, self.diff(change.path)

    def apply(
        self, paths: Sequence[str] | None = None, *, allow_held: bool = False, overwrite_conflicts: bool = False
    ) -> ApplyReport:
        chosen = [c for c in self.held if (paths is None or c.path in paths) and (allow_held or not c.held)]
        self.held = [c for c in self.held if c not in chosen]
        self.applied += chosen
        return ApplyReport(tuple(chosen), undo_id="u1")

    def drop(self, paths: Sequence[str] | None = None) -> list[Change]:
        dropped, self.held = self.held, []
        return dropped

    def undo(self, undo_id: str = "", *, overwrite_later: bool = False) -> ApplyReport:
        return ApplyReport(tuple(self.applied))

    def undoable(self) -> list[tuple[str, int, int]]:
        return []
