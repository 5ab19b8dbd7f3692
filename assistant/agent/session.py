"""One open task: the TaskSession of `assistant.agent.desk`, for real."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from assistant.agent.audience import Settings_of_task
from assistant.agent.events import Event, Notice, TurnFinished, TurnStarted
from assistant.agent.limits import Limit, RepetitionLimit, StepLimit
from assistant.agent.recall import Recalled, stopped_result
from assistant.agent.turn import Turn, unanswered
from assistant.canonical import dumps
from assistant.errors import AssistantError, LogError, ModelError, UsageError
from assistant.types import (
    Action,
    Argument,
    Change,
    Channel,
    Confidentiality,
    Decision,
    Effect,
    Integrity,
    Kind,
    Label,
    Message,
    ModelInfo,
    Resource,
    ResultPart,
    Role,
    Task,
    TextPart,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    Verdict,
)
from assistant.visible import one_line
