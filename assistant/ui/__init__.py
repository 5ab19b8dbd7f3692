"""The screen. `run_app` is the only door; Textual is imported behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.agent.desk import Desk
    from assistant.agent.logbook import LogBook
    from assistant.config import Look


def run_app(
    desk: Callable[[], Awaitable[Desk]],
    folder: Path,
    resume: str | None = None,
    *,
    look: Look | None = None,
    options: Mapping[str, Any] | None = None,
    logbook: Callable[[], LogBook] | None = None,
) -> int:
    """Open the chat and stay until the person leaves; returns the exit code.

    `desk` is awaited once, after the first frame; what it raises is shown in the chat. It runs on the screen's loop: slow
    imports belong in a thread. `logbook` opens the log alone, blocking, where no desk can be built. `resume` names an earlier task (empty: the latest). `options` go to `Desk.open_task`.
    In a terminal without cursor addressing (TERM=dumb), without a terminal, or in screen-reader mode, the same task runs
    as plain lines instead.
    """
    import os
    import sys

    from assistant.config import Look
    from assistant.ui import language

    look = look or Look()
    language.set_language(language.choose(look.language))
    served = bool(os.environ.get("TEXTUAL_DRIVER"))  # in a browser there is no terminal, and none is needed
    plain = look.screen_reader or (
        not served
        and (
            os.environ.get("TERM", "dumb") in ("dumb", "")
            or not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
        )
    )
    if plain:
        from assistant.ui.lines import run_lines

        return run_lines(desk, folder, resume, options=options or {})
    return _run_screen(desk, folder, resume, look, options or {}, logbook)


def _run_screen(
    desk: Callable[[], Awaitable[Desk]],
    folder: Path,
    resume: str | None,
    look: Look,
    options: Mapping[str, Any],
    logbook: Callable[[], LogBook] | None,
) -> int:
    import asyncio
    import gc
    import os

    # Textual reads it when it is imported. At its own 60 a key waits up to 17 ms behind the frame before it. Nothing is drawn
    # more often for it: words come in 25 drawings a second at most.
    os.environ.setdefault("TEXTUAL_FPS", "250")
    gc.disable()  # until the first frame: collecting while modules load costs a tenth of the time to it; see collecting
    from assistant.ui.app import AssistantApp, Opening
    from assistant.ui.hangup import Hangup

    app = AssistantApp(desk, Opening(folder.absolute(), resume, options), look, logbook)

    async def main() -> int:
        hangup = Hangup(app.leave, app.leave_at_once)
        hangup.start()
        try:
            code = await app.run_async()
        finally:
            await app.close()
            hangup.stop()
        return app.return_code or code or 0

    return asyncio.run(main())
