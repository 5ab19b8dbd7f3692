"""The product's words, as data: one word per idea, the same in code, on screen and in the log.

Everything here is frozen and carries no behaviour beyond reading itself. It may be imported by every floor. msgspec is
used rather than pydantic since it decodes strictly at a tenth of the cost and imports in 8 ms instead of 90; the first
frame pays for each import.

Sizes are in bytes, times in seconds unless the name says otherwise, money in millionths of a US dollar (`cost_uusd`).
Paths are `str` decoded with `surrogateescape`, so that any file name of the system round-trips by `os.fsencode`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias, cast

import msgspec

JSON: TypeAlias = Any
"""A value that JSON can carry. Kept as Any: strict checking of recursive unions costs more than it finds."""


def as_list(value: JSON) -> list[JSON]:
    """`value` itself when it is a list, else a list of just it."""
    return cast("list[JSON]", value) if isinstance(value, list) else [value]


def plain(value: Any) -> Any:
    """`value` as JSON types, defaults left out."""
    return msgspec.to_builtins(value)


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all records here."""


# ---------------------------------------------------------------- effects, roles, labels


class Effect(StrEnum):
    """What a call does to the world, as far as a person cares."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    EXECUTE = "execute"
    FETCH = "fetch"
    """Brings data in over the network; an egress too, since the address leaves."""
    SEND = "send"
    ACT = "act"
    """Any effect in an outside service."""
    CONSULT = "consult"
    """Calling a model."""
    DELEGATE = "delegate"
    APPLY = "apply"
    """Moving staged changes to the real folder."""


class Role(StrEnum):
    """What an argument means for safety."""

    TARGET = "target"
    """The thing acted on (a file that is deleted, an event that is changed)."""
    DEST = "dest"
    """Where something goes (an address, a host, an account)."""
    PAYLOAD = "payload"
    """The content that is carried."""
    PARAM = "param"
    SECRET = "secret"  # noqa: S105 - a role's name, not a password


class Kind(StrEnum):
    """How an argument is made canonical before it is judged."""

    PATH = "path"
    GLOB = "glob"
    COMMAND = "command"
    URL = "url"
    HOST = "host"
    ADDRESS = "address"
    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    VALUE = "value"
    """Any other JSON."""


class Integrity(StrEnum):
    """Whether the text may steer effects."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"


class Confidentiality(StrEnum):
    """Who may see it."""

    PUBLIC = "public"
    PRIVATE = "private"
    SECRET = "secret"  # noqa: S105 - a label's name


class Label(Data, frozen=True):
    """Where a piece of text came from and who may see it."""

    integrity: Integrity = Integrity.UNTRUSTED
    confidentiality: Confidentiality = Confidentiality.PRIVATE
    sources: tuple[str, ...] = ()

    def join(self, other: Label) -> Label:
        """The label of a text made of both: the less trusted, the more confidential."""
        order = list(Confidentiality)
        return Label(
            Integrity.UNTRUSTED if Integrity.UNTRUSTED in (self.integrity, other.integrity) else Integrity.TRUSTED,
            max(self.confidentiality, other.confidentiality, key=order.index),
            tuple(dict.fromkeys(self.sources + other.sources)),
        )


# ---------------------------------------------------------------- tools and calls


class Limits(Data, frozen=True):
    """Bounds of one sandboxed call. None means the engine's own default, never "no limit"."""

    wall_s: float | None = None
    memory_bytes: int | None = None
    processes: int | None = None
    file_bytes: int | None = None
    """Largest single file."""
    disk_bytes: int | None = None
    """How much the stage may grow."""
    output_bytes: int | None = None


class ArgumentSpec(Data, frozen=True):
    """What a manifest says of one argument."""

    role: Role = Role.PARAM
    kind: Kind = Kind.TEXT


class ToolSpec(Data, frozen=True):
    """A tool's manifest, read from `tool.toml`. See `tools/README.md` for the file's form."""

    name: str
    summary: str
    """Sent to the model: as short as it can be and still work."""
    effect: Effect
    program: tuple[str, ...]
    """Argument list. `json` protocol: the first item is a file of the tool's folder, run by Python. `plain`: a program of
    the room; an item that is just `{name}` is replaced by that argument."""
    parameters: Mapping[str, JSON]
    """JSON schema of the arguments (an object; unknown keys are refused whatever it says)."""
    args: Mapping[str, ArgumentSpec] = {}
    protocol: str = "json"
    can: str = ""
    """In plain words for a person: what it can do."""
    cannot: str = ""
    output: Label = Label()
    """Label of what it prints, before the labels of its sources are joined."""
    limits: Limits = Limits()
    hosts: tuple[str, ...] = ()
    """Hosts it needs. Needing is not having: each is judged."""
    packages: bool = False
    """Whether the program needs the third-party packages installed with the assistant (read-only in its room)."""
    session: bool = False
    """Whether one process may serve all calls of a task (`launch.py --session`), so that state is kept between them."""
    desktop: bool = False
    """Whether it needs the person's desktop: clipboard, notifications, opening files and addresses."""
    example: Mapping[str, JSON] = {}
    origin: str = "shipped"
    folder: str = ""
    """Where the program lies on the host. Set by the registry, never by the manifest."""


class ToolCall(Data, frozen=True):
    """What a model asks for: untrusted input. `arguments` is the raw JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


class Argument(Data, frozen=True):
    """One argument made canonical."""

    name: str
    value: JSON
    role: Role = Role.PARAM
    kind: Kind = Kind.TEXT


class Resource(Data, frozen=True):
    """What an action is about: `type` is one of file, folder, command, host, model, service, account, stage, task."""

    type: str
    id: str


class Action(Data, frozen=True):
    """A call made canonical. What is judged is what is shown is what is run: all three take this object.

    `digest` (see `assistant.canonical.digest`) names it: SHA-256 of its RFC 8785 form.
    """

    tool: str
    effect: Effect
    resource: Resource
    arguments: tuple[Argument, ...]
    folder: str
    facts: Mapping[str, JSON] = {}
    """What canonicalisation found out: `bulk`, `outside`, `hosts`, `commands`, `count` ... See gateway/README.md."""

    def argument(self, name: str) -> JSON:
        """The canonical value of the named argument, or None."""
        return next((a.value for a in self.arguments if a.name == name), None)


class ImagePart(Data, frozen=True, tag="image"):
    """A picture, by content address in the log's blobs; `data_b64` is filled only on its way to a model."""

    media_type: str
    sha256: str = ""
    data_b64: str = ""


class ToolResult(Data, frozen=True):
    """What the model is given back for a call: capped, made safe, labelled."""

    call_id: str
    ok: bool
    text: str
    code: str = ""
    """Fixed word for the model when not ok: `invalid_arguments`, `unknown_tool`, `refused`, `needs_person`,
    `failed`, `timeout`, `stopped`, `sandbox_unavailable`, `log_unavailable`, `may_have_happened`."""
    label: Label = Label()
    truncated: bool = False
    images: tuple[ImagePart, ...] = ()
    """Pictures that belong to it, for models that see."""


# ---------------------------------------------------------------- verdicts and consent


class Decision(StrEnum):
    """Deny beats ask beats allow."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class Origin(StrEnum):
    """Where a value was found, best first."""

    PROMPT = "prompt"
    TRUSTED = "trusted"
    GRANT = "grant"
    FIELD = "field"
    """A structured field of untrusted data."""
    UNTRUSTED = "untrusted"
    UNKNOWN = "unknown"


class Trace(Data, frozen=True):
    """Where one argument's value came from, in words a person reads."""

    argument: str
    origin: Origin
    label: Label = Label()
    note: str = ""


class Verdict(Data, frozen=True):
    """The answer of the policy layer to one Action."""

    decision: Decision
    policies: tuple[str, ...] = ()
    """`@id`s of the policies that determined it."""
    reason: str = ""
    """For the person."""
    code: str = ""
    """For the model: a short fixed word, no detail that an attacker could use."""
    traces: tuple[Trace, ...] = ()
    policy_set_sha256: str = ""


class Answer(StrEnum):
    """A person's answer to one Action."""

    ONCE = "once"
    TASK = "task"
    ALWAYS = "always"
    NO = "no"


class Channel(StrEnum):
    """How an answer reached us. Text in the conversation is not among them."""

    KEY = "key"
    TERMINAL = "terminal"
    ACP = "acp"
    COMMAND = "command"
    UNATTENDED = "unattended"
    """Nobody was asked: always a no."""


class Approval(Data, frozen=True):
    """A person's answer, bound to the digest of the Action that was shown."""

    digest: str
    answer: Answer
    channel: Channel
    reason: str = ""
    """What the person said with a no; given to the model as the person's word."""


class Grant(Data, frozen=True):
    """A standing permission. Times are Unix milliseconds; None means until the task ends (or for ever for `always`)."""

    id: str
    effect: Effect
    resource: Resource
    tool: str = ""
    task: str = ""
    """The task it is bound to; empty means every task."""
    reason: str = ""
    origin: str = ""
    expires_ms: int | None = None
    uses: int | None = None


class Boundary(Data, frozen=True):
    """A standing prohibition that the person stated: stored as a forbid policy."""

    id: str
    words: str
    policy: str
    """Cedar text of one forbid policy."""
    task: str = ""


class Autonomy(StrEnum):
    """How much a model may do alone (arXiv 2506.12469)."""

    OPERATOR = "operator"
    COLLABORATOR = "collaborator"
    CONSULTANT = "consultant"
    APPROVER = "approver"
    OBSERVER = "observer"


# ---------------------------------------------------------------- messages and model events


class TextPart(Data, frozen=True, tag="text"):
    """Words."""

    text: str


class ReasoningPart(Data, frozen=True, tag="reasoning"):
    """What a model said it thought. `opaque` (a signature, an encrypted block, a response item) goes back only to `provider`."""

    text: str = ""
    provider: str = ""
    opaque: JSON = None


class CallPart(Data, frozen=True, tag="call"):
    """A tool call in an assistant message. `opaque` as in ReasoningPart (Gemini signs single calls)."""

    call: ToolCall
    provider: str = ""
    opaque: JSON = None


class ResultPart(Data, frozen=True, tag="result"):
    """A tool's answer in a tool message."""

    result: ToolResult


Part: TypeAlias = TextPart | ImagePart | ReasoningPart | CallPart | ResultPart


class Message(Data, frozen=True):
    """One message of a conversation. role: system, user, assistant, tool."""

    role: str
    parts: tuple[Part, ...]
    label: Label = Label()

    @property
    def text(self) -> str:
        """All words of it."""
        return "".join(p.text for p in self.parts if isinstance(p, TextPart))


class Usage(Data, frozen=True):
    """Tokens of one model call. `input` counts cached tokens, `output` counts reasoning."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        """Both together; estimated where one of them is."""
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.reasoning + other.reasoning,
            self.estimated or other.estimated,
        )


class ModelRequest(Data, frozen=True):
    """One call of a model."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_output_tokens: int | None = None
    timeout_s: float = 600.0
    reasoning: str = ""
    """`low`, `medium`, `high`, or empty for the provider's default."""


class TextDelta(Data, frozen=True, tag="text"):
    """More words of the answer."""

    text: str


class ReasoningDelta(Data, frozen=True, tag="reasoning"):
    """More words of the reasoning."""

    text: str


class ReasoningDone(Data, frozen=True, tag="reasoning_done"):
    """A reasoning block is complete; `part` is what history keeps."""

    part: ReasoningPart


class CallDelta(Data, frozen=True, tag="call_delta"):
    """A piece of a call that is being written, for show only."""

    index: int
    name: str = ""
    arguments: str = ""


class CallDone(Data, frozen=True, tag="call"):
    """A complete call."""

    part: CallPart


class ServerToolUse(Data, frozen=True, tag="server_tool"):
    """The provider ran a tool of its own; nothing for us to run."""

    name: str
    detail: JSON = None


class Finished(Data, frozen=True, tag="finished"):
    """The last event of every stream that did not fail.

    finish: stop, length, tool_calls, content_filter, pause, malformed_tool_call, other. `usage` is None when the
    provider gave none.
    """

    finish: str
    usage: Usage | None = None
    refusal: str = ""


ModelEvent: TypeAlias = TextDelta | ReasoningDelta | ReasoningDone | CallDelta | CallDone | ServerToolUse | Finished


class ModelInfo(Data, frozen=True):
    """A model as the catalogue knows it. `id` is `provider/name`, which is what a person types."""

    id: str
    provider: str
    local: bool = False
    usable: bool = True
    why_not: str = ""
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    input_uusd_per_mtok: int | None = None
    output_uusd_per_mtok: int | None = None
    cache_read_uusd_per_mtok: int | None = None
    cache_write_uusd_per_mtok: int | None = None
    sees_images: bool = False
    calls_tools: bool = True
    price_date: str = ""


# ---------------------------------------------------------------- effects that were observed


class Change(Data, frozen=True):
    """One difference between a stage and the real folder.

    kind: created, changed, deleted, renamed, mode, link. `path` is relative to the folder. `held` says why it always
    waits for review, or is empty. Hashes are SHA-256 hex of the content, of the target for a link, empty for a folder.
    """

    path: str
    kind: str
    type: str = "file"
    """file, dir, symlink."""
    old_path: str = ""
    before_sha256: str = ""
    after_sha256: str = ""
    before_mode: int | None = None
    after_mode: int | None = None
    size_bytes: int = 0
    held: str = ""


class HostUse(Data, frozen=True):
    """What one host was used for through the egress proxy."""

    host: str
    port: int
    sent_bytes: int = 0
    received_bytes: int = 0
    duration_ms: int = 0
    refused: str = ""


class Completed(Data, frozen=True):
    """How a sandboxed program ended. `exit_status` is None when a signal ended it."""

    exit_status: int | None
    signal: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False
    timed_out: bool = False
    stopped: bool = False
    limit_hit: str = ""
    """memory, processes, file, disk, output, wall, or empty."""
    wall_ms: int = 0
    cpu_ms: int = 0
    max_rss_bytes: int = 0
    hosts: tuple[HostUse, ...] = ()


# ---------------------------------------------------------------- tasks


class Budgets(Data, frozen=True):
    """What a task may spend; None means no limit set."""

    cost_uusd: int | None = None
    tokens: int | None = None
    calls: int | None = None
    wall_s: int | None = None
    energy_mwh: int | None = None

    def over(self, standing: Budgets) -> Budgets:
        """These limits, and where one is not set the one of `standing`."""
        pairs = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return Budgets(**{name: getattr(standing, name) if value is None else value for name, value in pairs})


class Task(Data, frozen=True):
    """One conversation with its folder, model, tools, autonomy and budgets. Grants and boundaries are views of the log."""

    id: str
    folder: str
    model: str
    title: str = ""
    kit: str = "look"
    tools: tuple[str, ...] = ()
    autonomy: Autonomy = Autonomy.CONSULTANT
    budgets: Budgets = Budgets()
    parent: str = ""
    """The task that delegated this one, that it plays again, or that it branched from."""
    branched_at: int = 0
    """Of a branch: the entry of the log before which it left its parent's conversation. 0 for other tasks."""
    created_ms: int = 0
    archived: bool = False
    purpose: str = ""
    """`replay` for a recorded task that another model plays again, empty for a task of the person's or of a helper."""

    @property
    def is_replay(self) -> bool:
        """Whether it only plays another task again: lists leave it out, and nobody comes back to it unasked."""
        return self.purpose == "replay"
