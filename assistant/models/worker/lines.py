"""The lines that the worker and its parent exchange: one JSON object a line, UTF-8, in both directions.

To the worker (stdin): first one `Handshake`, then any number of `Order`s. End of input ends the worker.
From the worker (stdout): `Reply`s. For each order that was not cancelled: events, of which the last is `finished`; or
events and then one `error`. Replies of several orders interleave. Once a cancel has been read, nothing more is written
for that id, and its HTTP connection is closed.

    > {"provider":"anthropic","api_key":"sk-..."}
    > {"id":1,"call":{"model":"anthropic/claude-sonnet-4-5","request":{"messages":[...]}}}
    < {"id":1,"event":{"type":"text","text":"Hel"}}
    < {"id":1,"event":{"type":"finished","finish":"stop"}}
    > {"cancel":1}

Both ends decode strictly: what does not fit is an error, not a guess.
"""

from __future__ import annotations

from collections.abc import Mapping

from assistant.errors import ModelError
from assistant.models.worker.call import WireCall
from assistant.types import Data, ModelEvent


class Handshake(Data, frozen=True):
    """Credentials, handed over once by pipe so that they are in no argument list and no environment."""

    provider: str
    api_key: str = ""
    api_base: str = ""
    extra: Mapping[str, str] = {}


class Order(Data, frozen=True):
    """Either a call to make or the id of one to stop."""

    id: int = 0
    call: WireCall | None = None
    cancel: int | None = None


class Fault(Data, frozen=True):
    """A ModelError as data."""

    kind: str
    message: str
    retryable: bool = False
    retry_after_s: float | None = None

    @classmethod
    def of(cls, error: ModelError) -> Fault:
        """The error's content."""
        return cls(error.kind, error.message, error.retryable, error.retry_after_s)

    def error(self) -> ModelError:
        """The error again."""
        return ModelError(self.message, kind=self.kind, retryable=self.retryable, retry_after_s=self.retry_after_s)


class Reply(Data, frozen=True):
    """One event of one order, or the error that ended it."""

    id: int
    event: ModelEvent | None = None
    error: Fault | None = None
