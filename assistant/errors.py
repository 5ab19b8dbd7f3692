"""Every error the core raises, split by who must act.

    AssistantError
    ├── UsageError            the person gave something that can't be used            exit 2
    │   └── FolderError       the folder is missing, unreadable, or not a folder
    ├── NeedsPerson           a person must answer, and none is here                  exit 3
    ├── ModelError            the provider failed; `kind` says how                    exit 4
    ├── BudgetSpent           a limit that the person set is reached                  exit 5
    ├── SandboxUnavailable    nothing here can contain a tool, so tools refuse        exit 6
    ├── SandboxError          the sandbox is there, and this one call failed
    ├── StageError            a stage can't be opened, applied, dropped or undone
    ├── LogError              the log can't be written or read: no effect may happen  exit 7
    │   └── LogDamaged        the log does not verify
    ├── PolicyError           a policy does not parse or validate
    └── ToolError             a tool's manifest or program is wrong

A refusal by policy is a `Verdict`, a tool that fails is a `ToolResult`: neither is an error. Messages say what happened
and why; `hint` says what to do next. Both are for a person: without capital and full stop, user input in backticks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import msgspec


class AssistantError(Exception):
    """Base of all errors that the core raises on purpose."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(AssistantError):
    """What the person asked for can't be done as given."""

    exit_code = 2


class FolderError(UsageError):
    """The task's folder is missing, unreadable, or not a folder."""


class NeedsPerson(AssistantError):
    """An answer from a person is needed, and nobody is here to give it."""

    exit_code = 3


class ModelError(AssistantError):
    """A model call failed.

    kind: auth, permission, not_found, bad_request, context_length, content_policy, quota, rate_limit, overloaded, server,
    timeout, connection, incomplete_stream. `retryable` says whether the same request may succeed later.
    `retry_after_s` is what the provider asked for, or None.
    """

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        kind: str = "server",
        retryable: bool = False,
        retry_after_s: float | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class BudgetSpent(AssistantError):
    """A budget that the person set is used up."""

    exit_code = 5


class SandboxUnavailable(AssistantError):
    """Nothing on this machine can contain a tool. The message is for the person, never for the model."""

    exit_code = 6


class SandboxError(AssistantError):
    """The sandbox exists, but this call could not be started or watched."""

    exit_code = 6


class StageError(AssistantError):
    """A stage could not be opened, compared, applied, dropped or undone."""


class LogError(AssistantError):
    """The log can't be read or written. Nothing with an effect may happen until it can."""

    exit_code = 7


class LogDamaged(LogError):
    """The log does not verify. `first_bad_seq` names the first entry that is wrong, or None when it is not one entry."""

    def __init__(self, message: str, *, first_bad_seq: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.first_bad_seq = first_bad_seq


class NotTaken(LogError):
    """A place that was to take something of the log, a witness or a collector, did not. The log itself is as it was."""

    exit_code = 1


class PolicyError(AssistantError):
    """A policy file does not parse, or does not fit the schema. The whole layer it belongs to then counts as broken."""

    exit_code = 2


class ToolError(AssistantError):
    """A tool's manifest or program can't be used."""

    exit_code = 2


# ---------------------------------------------------------------- hints


def nearest(name: str, known: Iterable[str], what: str = "known") -> str:
    """A hint for a name that there is not: the known one that is nearest to it, or all of them, called `what`."""
    import difflib  # only for a slip of the finger

    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean `{close[0]}`?" if close else f"{what}: {', '.join(names) or 'none'}"


def nearest_field(message: str, kinds: Iterable[type[msgspec.Struct]], otherwise: str) -> str:
    """A hint for the field that msgspec finds unknown in one of `kinds`; `otherwise` where it complains of something else."""
    import re

    if not (found := re.search(r"unknown field `([^`]+)`", message)):
        return otherwise
    return nearest(found[1], sorted({name for kind in kinds for name in kind.__struct_fields__}))
