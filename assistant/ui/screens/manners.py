"""What every screen does about work in the background and about being closed: nothing fails in silence."""

from __future__ import annotations

from typing import Any, cast

from textual.app import App
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from assistant.ui.language import _
from assistant.visible import one_line


def leave(screen: Screen[Any], result: Any) -> None:
    """Close `screen` with `result`, unless it is closed already, or under another: two keys may come before it is gone.

    Not `is_current`, which is true of a screen that shines through another: the other one would be closed in its place.
    """
    if cast("App[Any]", screen.app).screen is screen:  # pyright: ignore[reportUnknownMemberType]
        screen.dismiss(result)


class TellsFailures:
    """For screens: shows the error of a worker that broke."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker ended: with an error, or as it should."""
        error = cast("Worker[Any]", event.worker).error  # pyright: ignore[reportUnknownMemberType]
        if event.state == WorkerState.ERROR and error is not None:
            words = one_line(f"{type(error).__name__}: {error}", 400)
            cast("Screen[Any]", self).notify(
                words, title=_("this did not work"), severity="error", markup=False, timeout=10
            )
