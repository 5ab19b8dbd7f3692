"""A fake desk whose stage is a real one, on disk: for hunks, edits and conflicts as a person meets them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assistant.audit.views import LogRow
from assistant.gateway.approver import Approver
from assistant.sandbox.fake import FakeSandbox
from assistant.sandbox.protocol import ApplyReport, Hunks, Sides
from assistant.sandbox.stage.place import find_place
from assistant.sandbox.stage.stage import DiskStage
from assistant.types import Change, Task
from tests.ui.fake_desk import FakeDesk, FakeSession


class StagedDesk(FakeDesk):
    """`folder` is real; `stage_file` is the task writing."""

    def __init__(self, top: Path) -> None:
        super().__init__()
        self.folder = top / "project"
        self.folder.mkdir()
        self._stages = top / "stages"

    def real_stage(self) -> DiskStage:
        return FakeSandbox().stage("t1", self.folder, self._stages)

    def begin(self) -> None:
        """What is in the folder now is what the task starts from."""
        self.real_stage().refresh()

    def stage_file(self, path: str, text: str) -> None:
        (find_place("t1", self.folder, self._stages).copy / path).write_text(text)

    def real(self, path: str) -> str:
        return (self.folder / path).read_text()

    async def resume_task(self, task: str, *, approver: Approver) -> FakeSession:
        self.sessions.append(StagedSession(self, Task("t1", str(self.folder), self.model), approver))
        return self.session


class StagedSession(FakeSession):
    """Everything about the stage is real but for the log."""

    @property
    def _real(self) -> DiskStage:
        assert isinstance(self._desk, StagedDesk)
        return self._desk.real_stage()

    @property
    def review(self) -> StagedReview:  # type: ignore[override]
        return StagedReview(self)

    async def changes(self) -> list[Change]:
        return self._real.changes()

    async def diff(self, path: str) -> str:
        return self._real.diff(path)

    async def apply(
        self, paths: Sequence[str] | None = None, *, allow_held: bool = False, overwrite_conflicts: bool = False
    ) -> ApplyReport:
        return self.applied(self._real.apply(paths, allow_held=allow_held, overwrite_conflicts=overwrite_conflicts))

    async def drop(self, paths: Sequence[str] | None = None) -> list[Change]:
        return self._real.drop(paths)

    async def undo(self, undo_id: str = "", *, overwrite_later: bool = False) -> ApplyReport:
        return self._real.undo(undo_id, overwrite_later=overwrite_later)

    def applied(self, report: ApplyReport) -> ApplyReport:
        """As the log would tell it."""
        if report.undo_id:
            words = f"applied {', '.join(c.path for c in report.applied)}"
            row = LogRow(len(self._desk.rows) + 1, 0, "stage.apply", "t1", words, f'{{"undo_id": "{report.undo_id}"}}')
            self._desk.rows.append(row)
        return report


class StagedReview:
    """What `agent.reviewing.Review` does, without its log."""

    def __init__(self, session: StagedSession) -> None:
        self._session, self._stage = session, session._real

    async def conflicts(self) -> dict[str, str]:
        return self._stage.conflicts()

    async def apply_hunks(self, chosen: Hunks, *, allow_held: bool = False) -> ApplyReport:
        return self._session.applied(self._stage.apply_hunks(chosen, allow_held=allow_held))

    async def drop_hunks(self, chosen: Hunks) -> Change:
        return self._stage.drop_hunks(chosen)

    async def sides(self, path: str) -> Sides:
        return self._stage.sides(path)

    async def write(self, seen: Sides, data: bytes, *, merged: bool = False) -> None:
        self._stage.write(seen, data, merged=merged)
