"""The Desk: what the screen, the headless runner and the commands talk to. Built by `assistant.compose` alone.

A Desk owns the log, the catalogue of models, the sandbox engine and the policies; it opens tasks. A TaskSession is one
open task. Everything a person sees or changes about a task goes through these two protocols, and each change is an entry
in the log before it takes effect.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assistant.agent.branching import BranchPoint
from assistant.agent.events import Event, Notice
from assistant.audit.page import Filter
from assistant.audit.views import LogRow, TaskSummary
from assistant.gateway.approver import Approver
from assistant.gateway.processes import Running
from assistant.sandbox.protocol import ApplyReport
from assistant.types import (
    Autonomy,
    Boundary,
    Budgets,
    Change,
    Data,
    Grant,
    ImagePart,
    Message,
    ModelInfo,
    Task,
    ToolSpec,
)

if TYPE_CHECKING:
    from assistant.agent.arrangements import Arrangements
    from assistant.agent.comparing import Compared
    from assistant.agent.logbook import LogBook
    from assistant.agent.reviewing import Review
    from assistant.agent.standing import Standing
    from assistant.agent.usage import Used
    from assistant.config import Paths, Settings
    from assistant.gateway.thumbnails import Thumbnail


class TaskTotals(Data, frozen=True):
    """What a task has used so far. `cost_uusd` counts known prices only; `unpriced_calls` says how many calls had none."""

    input_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0
    cost_uusd: int = 0
    unpriced_calls: int = 0
    asks: int = 0
    """Questions so far, the same one counted once."""
    asks_last_hour: int = 0
    cache_read: int = 0
    """Of the input tokens, what the provider read from its cache, and what it wrote to it."""
    cache_write: int = 0


class TaskSession(Protocol):
    """One open task. Use from one event loop."""

    @property
    def task(self) -> Task:
        """As it stands now."""
        ...

    @property
    def totals(self) -> TaskTotals:
        """Used so far."""
        ...

    @property
    def model_info(self) -> ModelInfo:
        """The model that answers now."""
        ...

    @property
    def running(self) -> bool:
        """Whether a turn runs."""
        ...

    def history(self) -> Sequence[Message]:
        """The conversation, oldest first."""
        ...

    def notices(self) -> Sequence[Notice]:
        """What a person should know who comes back to this task; the first events of the next turn unless it was asked for."""
        ...

    def past(self) -> Sequence[Event]:
        """What had happened when the task was resumed, as it was told then: an empty sequence for a new task."""
        ...

    async def weakness(self) -> Sequence[Notice]:
        """How this machine contains programs less well than it should. Told once: else also the next turn's first events."""
        ...

    def warm_up(self) -> None:
        """Start the model's worker and the room in the background, while the person types."""
        ...

    def run_turn(self, prompt: str, images: Sequence[ImagePart] = ()) -> AsyncIterator[Event]:
        """Run one turn. TurnFinished is always the last event, also after `stop`. One turn at a time.

        `images` carry their data; a model that does not see is told that there were some.
        """
        ...

    def run_own_command(self, command: str) -> AsyncIterator[Event]:
        """Run the person's own `!command` in the room, through the gateway, as a turn without a model."""
        ...

    async def stop(self) -> None:
        """End the running turn: processes first, then the log's entry, then TurnFinished."""
        ...

    async def set_model(self, model: str) -> ModelInfo:
        """Swap the model. Raises UsageError for one that is unknown or not usable, saying why."""
        ...

    async def set_tools(self, names: Sequence[str]) -> None:
        """Enable exactly these tools from the next model call on. Raises UsageError for an unknown name."""
        ...

    async def use_kit(self, name: str, tools: Sequence[str]) -> None:
        """Go on with the tools of a kit, from the next model call on."""
        ...

    async def set_autonomy(self, level: Autonomy) -> None:
        """Turn the dial."""
        ...

    async def set_budgets(self, budgets: Budgets) -> None:
        """Replace the budgets."""
        ...

    async def rename(self, title: str) -> None:
        """Give the task a title."""
        ...

    async def archive(self, archived: bool) -> None:
        """Put the task away, so that lists leave it out, or take it back."""
        ...

    def tools(self) -> Sequence[tuple[ToolSpec, bool]]:
        """Every tool there is, and whether it is on."""
        ...

    def grants(self) -> Sequence[Grant]:
        """Standing permissions that hold for this task."""
        ...

    async def revoke(self, grant_id: str) -> None:
        """End a grant at once."""
        ...

    def processes(self) -> Sequence[Running]:
        """Long-running programs that were started and not yet forgotten."""
        ...

    async def stop_process(self, process_id: str) -> None:
        """End one long-running program. Raises UsageError when there is none of that id."""
        ...

    async def stop_child(self, task: str) -> bool:
        """Stop one helper; its parent goes on with what it has said. False when none of that id runs."""
        ...

    async def stop_processes(self) -> None:
        """End every process of the task, long-running ones too."""
        ...

    def boundaries(self) -> Sequence[Boundary]:
        """Standing prohibitions."""
        ...

    def propose_boundary(self, words: str) -> Boundary:
        """The forbid policy that `words` ("push") would become, to be shown first. Raises UsageError with examples when
        it can't be put as a policy."""
        ...

    async def add_boundary(self, boundary: Boundary) -> None:
        """Make it hold."""
        ...

    async def remove_boundary(self, boundary_id: str) -> None:
        """Lift it."""
        ...

    async def changes(self) -> list[Change]:
        """What is staged."""
        ...

    @property
    def review(self) -> Review:
        """Hunks, edits and conflicts of what is staged."""
        ...

    async def diff(self, path: str) -> str:
        """Unified diff of one staged path."""
        ...

    async def apply(
        self, paths: Sequence[str] | None = None, *, allow_held: bool = False, overwrite_conflicts: bool = False
    ) -> ApplyReport:
        """Apply staged changes as the person's own act (an approval by key for the shown changes)."""
        ...

    async def drop(self, paths: Sequence[str] | None = None) -> list[Change]:
        """Forget staged changes."""
        ...

    async def undo(self, undo_id: str = "", *, overwrite_later: bool = False) -> ApplyReport:
        """Take back an applied set."""
        ...

    async def aclose(self) -> None:
        """Stop what runs and release the room. The task stays in the log."""
        ...


class Desk(Protocol):
    """The product without a screen."""

    @property
    def paths(self) -> Paths:
        """Where things live."""
        ...

    @property
    def settings(self) -> Settings:
        """As they stand now."""
        ...

    @property
    def arrangements(self) -> Arrangements:
        """Settings, kits and servers of this person, to be changed."""
        ...

    async def open_task(
        self,
        folder: Path,
        *,
        model: str = "",
        kit: str = "",
        tools: Sequence[str] | None = None,
        autonomy: Autonomy | None = None,
        budgets: Budgets | None = None,
        approver: Approver,
    ) -> TaskSession:
        """A new task. Limits that `budgets` leaves open are the configured ones. Raises FolderError, UsageError."""
        ...

    async def resume_task(self, task: str, *, approver: Approver) -> TaskSession:
        """An earlier task, by id or unique prefix; empty means the latest. Raises UsageError when there is none."""
        ...

    async def branch_point(self, task: str, seq: int = 0) -> BranchPoint:
        """Where a branch would leave `task`: before the person's message `seq`, or at its end when that is 0.

        Raises UsageError for what is no message of the person's in this conversation.
        """
        ...

    async def branch_task(self, point: BranchPoint, *, approver: Approver, take_back: bool = False) -> TaskSession:
        """A new task that shares the conversation before `point`, its stage as it was there. The old one stays as it is.

        `take_back` first undoes what was applied since. Raises UsageError while a turn runs in the old task.
        """
        ...

    async def rename_task(self, task: str, title: str) -> None:
        """Give a task a title, whether it is open or not."""
        ...

    async def archive_task(self, task: str, archived: bool = True) -> None:
        """Put a task away, whether it is open or not, or take it back."""
        ...

    async def tasks(
        self, search: str = "", limit: int = 200, *, archived: bool = False, replays: bool = False
    ) -> list[TaskSummary]:
        """Newest first; `search` looks through all content. Those that were put away only when `archived`, replays and
        comparisons only when `replays`."""
        ...

    async def models(self) -> list[ModelInfo]:
        """The catalogue: what is usable now, and why the rest isn't. Probes loopback; may take a second."""
        ...

    async def usage(self, days: int = 14) -> list[Used]:
        """What models have used, by day and model, oldest day first, with an estimate of the energy. Raises LogError."""
        ...

    async def log_page(
        self,
        *,
        task: str = "",
        kinds: Sequence[str] = (),
        search: str = "",
        before_seq: int | None = None,
        limit: int = 200,
        wanted: Filter | None = None,
    ) -> list[LogRow]:
        """Newest first, at most `limit` rows before `before_seq`. `wanted` filters by tool, verdict, model, host, path, time."""
        ...

    async def thumbnail(self, image: ImagePart, columns: int, rows: int) -> Thumbnail | None:
        """A picture of a message or result, drawn within `columns` x `rows` cells. Decoded in a room of its own; None when it
        can't be, or was erased. The last ones are kept."""
        ...

    async def compare(self, task: str, model: str, *, approver: Approver) -> Compared:
        """Let another model answer what was asked last in a task, too, its calls served from the log: nothing is run.

        Raises UsageError for an unknown task or model, where nothing was asked yet, or while a turn runs there.
        """
        ...

    @property
    def standing(self) -> Standing:
        """Grants and refusals of all tasks, read from the log. Blocking: call it from a thread."""
        ...

    @property
    def logbook(self) -> LogBook:
        """The log as the log screen reads it: filters, cause and effect, verification."""
        ...

    async def aclose(self) -> None:
        """Close every session, then the log."""
        ...
