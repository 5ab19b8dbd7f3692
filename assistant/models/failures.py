"""What a failed model call means to the person: one plain sentence for each kind, and what can be done about it."""

from __future__ import annotations

from assistant.errors import ModelError
from assistant.types import Data

RETRYABLE = frozenset({"rate_limit", "overloaded", "server", "timeout", "connection", "incomplete_stream"})
"""Kinds where the same request may succeed a little later."""

SWAPPABLE = RETRYABLE | {"auth", "permission", "not_found", "quota", "context_length"}
"""Kinds where another model may well succeed. Not `content_policy`: shopping around for a model that says yes is the
person's decision; not `bad_request`: that is our mistake, and it would follow us."""


class Explanation(Data, frozen=True):
    """`sentence` says what happened, `hint` what the person can do. English; `key` names both for a translation."""

    key: str
    sentence: str
    hint: str


_WORDS: dict[str, tuple[str, str]] = {
    "auth": (
        "{provider} does not accept the key",
        "check the key with `assistant models keys set {provider}`, or use another model with `/model`",
    ),
    "permission": (
        "{provider} does not let this key use `{model}`",
        "choose another model with `/model`, or ask whoever owns the account",
    ),
    "not_found": (
        "{provider} knows no model `{model}`",
        "see `assistant models list` for what there is",
    ),
    "bad_request": (
        "{provider} did not understand the request",
        "try again with another model by `/model`; the answer stands in the log",
    ),
    "context_length": (
        "the conversation is longer than `{model}` can read",
        "use a model with a larger window by `/model`, or start a new task",
    ),
    "content_policy": (
        "{provider} refused by its own content rules",
        "say it differently, or choose another model with `/model`",
    ),
    "quota": (
        "the account at {provider} has no credit left",
        "top it up at the provider, or choose another model with `/model`",
    ),
    "rate_limit": (
        "{provider} asks to wait: too many requests",
        "wait a little and send it again, or choose another model with `/model`",
    ),
    "overloaded": (
        "{provider} is overloaded at the moment",
        "send it again in a minute, or choose another model with `/model`",
    ),
    "server": (
        "{provider} failed on its side",
        "send it again, or choose another model with `/model`",
    ),
    "timeout": (
        "{provider} did not answer in time",
        "send it again; if it stays so, check the network or choose another model with `/model`",
    ),
    "connection": (
        "{provider} can't be reached",
        "check the network and the address, or use a local model by `/model`",
    ),
    "incomplete_stream": (
        "the answer of {provider} broke off",
        "what came is kept; say `go on` to continue from there",
    ),
}

KINDS = frozenset(_WORDS)
"""Every kind that a ModelError can have."""


def explain(error: ModelError, model: str) -> Explanation:
    """The sentence for `error` of `model` (`provider/name`).

    A kind that is not known reads as `server`. The provider's own words are not in it: they are hostile text, and are
    shown apart, made visible.
    """
    kind = error.kind if error.kind in _WORDS else "server"
    provider, _, name = model.partition("/")
    sentence, hint = (text.format(provider=provider, model=name or model) for text in _WORDS[kind])
    if kind == "rate_limit" and error.retry_after_s is not None:
        sentence += f" ({error.retry_after_s:.0f} s)"
    return Explanation(f"model.{kind}", sentence, error.hint or hint)
