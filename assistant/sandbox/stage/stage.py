"""The Stage of one task: reads the layer, shows changes, applies, drops and undoes them. See protocol.Stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assistant.errors import StageError
from assistant.sandbox.protocol import ApplyReport, Hunks, Sides
from assistant.sandbox.stage import parts
from assistant.sandbox.stage.changes import changes_of
from assistant.sandbox.stage.held import NEVER
from assistant.sandbox.stage.index import Known
from assistant.sandbox.stage.locks import Locks
from assistant.sandbox.stage.place import Place
from assistant.sandbox.stage.replace import clean_leftovers, restore_maker, stage_maker
from assistant.sandbox.stage.tree import Tree, check_relative
from assistant.sandbox.stage.undo import MAX_BYTES, UndoStore
from assistant.sandbox.stage.view import Layer, View, file_clock_ns
from assistant.sandbox.stage.writer import Maker, Step, Writer
from assistant.types import Change

_QUIET_S = 2.0


class DiskStage:
    """A stage on disk. Each method opens what it needs and gives it back, so any number of these may exist for one task."""

    def __init__(
        self,
        place: Place,
        open_layer: Callable[[Place, Tree], Layer],
        refresh: Callable[[], None] | None = None,
        warning: str = "",
    ) -> None:
        self._place = place
        self._open_layer = open_layer
        self._refresh = refresh
        self.warning = warning
        """See protocol.Stage."""
        self._refresh_s = 0.0
        self._base = Path(place.base)
        self._undo = UndoStore(self._base / "undo")
        self.locks = Locks(self._base)

    @property
    def folder(self) -> Path:
        """The real folder it lies over."""
        return Path(self._place.folder)

    def changes(self) -> list[Change]:
        """See protocol.Stage."""
        with self.opened() as view:
            return view.changes()

    def diff(self, path: str) -> str:
        """See protocol.Stage. Raises StageError for a path that does not differ."""
        with self.opened() as view:
            for change in view.changes():
                if path.rstrip("/") in (change.path, change.old_path):
                    return view.diff(change)
        raise StageError(f"`{path}` is not changed", hint="`assistant stage list` shows what is")

    def diffs(self, paths: Sequence[str] | None = None) -> Iterator[tuple[Change, str]]:
        """See protocol.Stage."""
        with self.opened() as view:
            for change in _chosen(view.changes(), paths):
                yield change, view.diff(change)

    def apply(
        self, paths: Sequence[str] | None = None, *, allow_held: bool = False, overwrite_conflicts: bool = False
    ) -> ApplyReport:
        """See protocol.Stage."""
        with self.locks.applying(), self.opened() as view:
            changes = view.changes()
            chosen = _chosen(changes, paths)
            held = [c for c in chosen if c.held and (not allow_held or c.type in NEVER)]
            waits = {id(c) for c in held}
            going = _with_folders([c for c in chosen if id(c) not in waits], changes)
            report = self._write(view, going, force=overwrite_conflicts) if going else ApplyReport()
            with self.locks.quiet(0.0) as quiet:
                if quiet and report.applied:
                    view.layer.prune(view.index)
                    view.index.save()
            return ApplyReport(
                report.applied, report.conflicts, tuple(held), report.failed, report.undo_id, report.note
            )

    def drop(self, paths: Sequence[str] | None = None) -> list[Change]:
        """See protocol.Stage. Raises StageError while programs of the task run."""
        with self._alone() as view:
            chosen = _chosen(view.changes(), paths)
            names = [p for c in chosen for p in _paths_of(c)]
            view.layer.drop(names, view.index)
            view.scan()
            view.layer.prune(view.index)
            view.index.save()
            return chosen

    def conflicts(self) -> dict[str, str]:
        """See protocol.Stage."""
        with self.opened() as view:
            found = {p: view.conflict(p) for change in view.changes() for p in _paths_of(change)}
            return {path: reason for path, reason in found.items() if reason}

    def part(self, chosen: Hunks) -> tuple[Change, str]:
        """See protocol.Stage."""
        with self.opened() as view:
            part = parts.Part(view, chosen)
            return part.change(view), part.diff()

    def apply_hunks(self, chosen: Hunks, *, allow_held: bool = False) -> ApplyReport:
        """See protocol.Stage."""
        with self.locks.applying(), self.opened() as view:
            part = parts.Part(view, chosen)
            change = part.change(view)
            if change.held and not allow_held:
                return ApplyReport(held=(change,))
            if part.known.unsure:
                return ApplyReport(conflicts=(change,))
            step = Step(part.path, part.known.before, part.seen())
            report = self._carry_out(view, [step], {part.path: change}, part.maker(view), force=False)
            view.bases.keep(change.after_sha256, part.data)
            with self.locks.quiet(0.0) as quiet:
                if quiet and report.applied:
                    view.layer.prune(view.index)
                    view.index.save()
            return report

    def drop_hunks(self, chosen: Hunks) -> Change:
        """See protocol.Stage."""
        with self._alone() as view:
            part = parts.Part(view, chosen)
            if view.conflict(part.path):
                raise StageError(
                    f"`{part.path}` was changed meanwhile", hint="solve the conflict first, or drop it whole"
                )
            parts.write_staged(view, parts.sides_of(view, part.path), part.rest.encode(), merged=False)
            return part.whole

    def sides(self, path: str) -> Sides:
        """See protocol.Stage."""
        with self.opened() as view:
            return parts.sides_of(view, path)

    def write(self, seen: Sides, data: bytes, *, merged: bool = False) -> None:
        """See protocol.Stage."""
        with self._alone() as view:
            parts.write_staged(view, seen, data, merged=merged)

    def undo(self, undo_id: str = "", *, overwrite_later: bool = False) -> ApplyReport:
        """See protocol.Stage."""
        with self.locks.applying(), self.opened() as view:
            name = undo_id or self._undo.latest()
            steps = self._undo.steps(name)
            writer = Writer(view.real, restore_maker, None, force=overwrite_later)
            writer.run(steps)
            left = [*writer.conflicts, *(s for s, _ in writer.failed)]
            self._undo.forget(name, left)
            view.taken_back(writer.done)
            return ApplyReport(
                tuple(_change_of(s) for s in writer.done),
                tuple(_change_of(s) for s in writer.conflicts),
                failed=tuple((s.path, reason) for s, reason in writer.failed),
                undo_id=name,
                note="what changed since it was applied was left as it is" if writer.conflicts else "",
            )

    def undoable(self) -> list[tuple[str, int, int]]:
        """See protocol.Stage."""
        return self._undo.list()

    # ------------------------------------------------------------ for rooms

    def note_start(self) -> None:
        """A call is about to run: what the real folder gets from now on, the task may not have read."""
        if not (self._base / "since").exists():
            now = file_clock_ns()
            (self._base / "since").write_text(str(now))

    def refresh(self, *, patience_s: float | None = None) -> None:
        """Where the stage is a copy: bring it up to date, unless that took longer than the patience last time."""
        if self._refresh is None or (patience_s is not None and self._refresh_s > patience_s):
            return
        started = time.monotonic()
        with self.locks.applying():
            self._refresh()
        self._refresh_s = time.monotonic() - started

    @property
    def is_copy(self) -> bool:
        """Whether the stage is a copy rather than an overlay."""
        return self._refresh is not None

    def prune_if_quiet(self) -> None:
        """Before a mount: forget what is no change any more, so that the room sees the real files again."""
        with self.locks.applying(), self.locks.quiet(0.0) as quiet:
            if quiet and (self._base / "index").exists():
                with self.opened() as view:
                    view.changes()
                    view.layer.prune(view.index)
                    view.index.save()

    @contextmanager
    def opened(self) -> Generator[View]:
        """Everything that one piece of work needs, given back at its end. Raises StageError for what the system refuses."""
        try:
            view = View(self._place, self._open_layer)
        except OSError as error:
            raise StageError(f"the stage of task `{self._place.task}` can't be read: {error}") from error
        try:
            yield view
        except OSError as error:
            raise StageError(f"the stage of task `{self._place.task}`: {error}") from error
        finally:
            view.close()

    @contextmanager
    def _alone(self) -> Generator[View]:
        """For what changes the layer: nobody applies, no program runs, no mount lives. Raises StageError while one runs."""
        with self.locks.applying(), self.locks.quiet(_QUIET_S) as quiet:
            if not quiet:
                raise StageError(
                    "programs of this task are running", hint=f"end them first: `assistant stop {self._place.task}`"
                )
            with self.opened() as view:
                yield view

    def _write(self, view: View, going: list[Change], *, force: bool) -> ApplyReport:
        steps: list[Step] = []
        owner: dict[str, Change] = {}
        unsure: list[Change] = []
        for change in going:
            known = [view.index.paths[p] for p in _paths_of(change)]
            if any(k.unsure for k in known) and not force:
                unsure.append(change)
                continue
            for path, one in zip(_paths_of(change), known, strict=True):
                link = change.old_path if change.kind == "link" and change.type == "file" else ""
                steps.append(Step(path, one.before, one.after, link_to=link))
                owner[path] = change
        maker = stage_maker(view.layer.content, view.real)
        report = self._carry_out(view, steps, owner, maker, force=force)
        return ApplyReport(
            report.applied, (*unsure, *report.conflicts), failed=report.failed, undo_id=report.undo_id, note=report.note
        )

    def _carry_out(
        self, view: View, steps: list[Step], owner: dict[str, Change], maker: Maker, *, force: bool
    ) -> ApplyReport:
        """Write these steps as one applied set. `owner` says which change each path belongs to."""
        clean_leftovers(view.real, self._undo)
        kept = self._undo.new(view.real)
        kept.begin(steps)
        writer = Writer(view.real, maker, kept.keep, force=force)
        writer.run(steps)
        kept.finish(writer.done)
        view.applied(writer.done)
        forgotten = self._undo.trim()
        undo_id = kept.id if writer.done and kept.id not in forgotten else ""
        bad = {id(owner[s.path]) for s in writer.conflicts} | {id(owner[s.path]) for s, _ in writer.failed}
        return ApplyReport(
            tuple(c for c in _unique(owner.values()) if id(c) not in bad),
            tuple(_unique(owner[s.path] for s in writer.conflicts)),
            failed=tuple((s.path, reason) for s, reason in writer.failed),
            undo_id=undo_id,
            note=_note(forgotten, kept.id),
        )


def _chosen(changes: list[Change], paths: Sequence[str] | None) -> list[Change]:
    if paths is None:
        return changes
    try:
        wanted = [check_relative(p) for p in paths]
    except ValueError as error:
        raise StageError(str(error), hint="paths are relative to the task's folder") from error
    exact = set(wanted)
    return [c for c in changes if any(p in exact or not exact.isdisjoint(_above(p)) for p in _paths_of(c))]


def _above(path: str) -> Iterator[str]:
    """The folders that a path lies in, innermost first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _with_folders(going: list[Change], changes: list[Change]) -> list[Change]:
    """With the new folders that the chosen changes lie in, chosen or not."""
    needed = {parent for c in going for parent in _above(c.path)}
    have = {c.path for c in going}
    return [c for c in changes if c.path in needed and c.path not in have and c.kind == "created"] + going


def _paths_of(change: Change) -> list[str]:
    return [change.path, change.old_path] if change.kind == "renamed" else [change.path]


def _unique(changes: Iterable[Change]) -> list[Change]:
    return list({id(c): c for c in changes}.values())


def _change_of(step: Step) -> Change:
    found = changes_of({step.path: Known(step.before, step.after)}, lambda path, known: "")
    return found[0] if found else Change(step.path, "changed")


def _note(forgotten: list[str], own: str) -> str:
    if own in forgotten:
        return f"this can't be undone: what it replaced is larger than the {MAX_BYTES >> 20} MiB kept for that"
    if forgotten:
        return f"{len(forgotten)} older applied sets can no longer be undone, to bound the space they take"
    return ""
