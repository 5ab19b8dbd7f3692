"""The lines between the core and a server's worker: one JSON object a line, strictly typed both ways.

Ours and small on purpose. The core never reads MCP itself; what a worker says is hostile all the same, since it holds what
a server said. Sizes in bytes, times in seconds.
"""

from __future__ import annotations

from typing import TypeAlias

from assistant.servers.config import SignIn
from assistant.servers.offer import Offer
from assistant.types import JSON, Data

MAX_LINE_BYTES = 8 * 2**20
"""A worker that says more in one line is ended. An offer of 256 tools at 16 KiB each fits."""


class Handshake(Data, frozen=True, tag="handshake", tag_field="do"):
    """The first line to a worker: which server, and how it is reached. Exactly one of `command` and `url`."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    cwd: str = ""
    url: str = ""
    headers: dict[str, str] = {}
    sampling: bool = False
    """Whether the server is told that it may ask for a model."""
    roots: tuple[str, ...] = ()
    """Folders that it is told of."""
    oauth: SignIn = SignIn()
    redirect_uri: str = ""
    """Loopback address that the authorization server sends the person back to."""


class Call(Data, frozen=True, tag="call", tag_field="do"):
    """Call a tool by the server's own name for it."""

    id: int
    tool: str
    arguments: dict[str, JSON] = {}


class List(Data, frozen=True, tag="list", tag_field="do"):
    """What it has. what: resources, templates, prompts."""

    id: int
    what: str


class ReadResource(Data, frozen=True, tag="read", tag_field="do"):
    """Read one resource."""

    id: int
    uri: str


class GetPrompt(Data, frozen=True, tag="prompt", tag_field="do"):
    """Fill in one prompt."""

    id: int
    name: str
    arguments: dict[str, str] = {}


class Cancel(Data, frozen=True, tag="cancel", tag_field="do"):
    """Withdraw a request; the worker tells the server and answers with `Failed`, kind `cancelled`."""

    id: int


class Answer(Data, frozen=True, tag="answer", tag_field="do"):
    """To an `Ask`. `error` says why there is none."""

    ask: int
    body: JSON = None
    error: str = ""


Request: TypeAlias = Call | List | ReadResource | GetPrompt
Order: TypeAlias = Handshake | Call | List | ReadResource | GetPrompt | Cancel | Answer


class Prepared(Data, frozen=True, tag="prepared", tag_field="say"):
    """A worker that was started to stand ready has its imports done and waits for its handshake."""


class Ready(Data, frozen=True, tag="ready", tag_field="say"):
    """Connected; again when the server says that its tools changed."""

    offer: Offer
    protocol: str = ""


class Image(Data, frozen=True):
    """A picture of a result, as the server gave it: neither its type nor its bytes are believed."""

    media_type: str
    data_b64: str


class Result(Data, frozen=True, tag="result", tag_field="say"):
    """A request's answer. `ok` is false when the server calls it an error. `structured` is what it gave as data."""

    id: int
    text: str
    ok: bool = True
    structured: JSON = None
    truncated: bool = False
    images: tuple[Image, ...] = ()


class Failed(Data, frozen=True, tag="failed", tag_field="say"):
    """A request came to nothing. kind: refused (the server answered with an error), cancelled, broken."""

    id: int
    kind: str
    message: str


class Progress(Data, frozen=True, tag="progress", tag_field="say"):
    """How far a request is."""

    id: int
    progress: float
    total: float | None = None
    message: str = ""


class Spoken(Data, frozen=True, tag="log", tag_field="say"):
    """A log message of the server."""

    level: str
    text: str


class Ask(Data, frozen=True, tag="ask", tag_field="say"):
    """The server, or its authorization server, wants something.

    what: elicit {message, schema}, elicit_url {message, url}, sample {messages, system, max_tokens}, authorize {url},
    secret_get {key}, secret_set {key, value}.
    """

    ask: int
    what: str
    body: dict[str, JSON] = {}


class Broken(Data, frozen=True, tag="broken", tag_field="say"):
    """The server can't be reached, or is gone; the worker ends."""

    message: str


Line: TypeAlias = Prepared | Ready | Result | Failed | Progress | Spoken | Ask | Broken
