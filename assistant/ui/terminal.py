"""Textual's terminal driver, made to live through what happens to terminals: they are closed, and programs are stopped."""

from __future__ import annotations

import contextlib
from typing import IO, TYPE_CHECKING, Any, cast

from textual.drivers.linux_driver import LinuxDriver

from assistant.streams import is_gone

if TYPE_CHECKING:
    from textual.app import App


class Lenient:
    """A stream whose writes may fail: nobody is left to read them. Textual's writer would end at the first that does, and
    the program would then wait for ever for room in its queue."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """As many characters as were given."""
        with contextlib.suppress(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Pass on what was written."""
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()

    def fileno(self) -> int:
        """Of the stream itself."""
        return self._file.fileno()


class TerminalDriver(LinuxDriver):
    """Keys and cells."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)  # pyright: ignore[reportUnknownMemberType]
        self._file = cast("IO[str]", Lenient(self._file))

    def _sigcont_application(self, *_args: Any) -> None:
        """Back in front. Whoever was stopped by SIGSTOP, which can't be handled, has not left the terminal's mode before; and a
        terminal that is closed sends this signal too, to a program that was never stopped."""
        if is_gone(self.fileno):
            return
        if self._auto_restart and not self._must_signal_resume:
            self._must_signal_resume = True
            self.suspend_application_mode()
        super()._sigcont_application()  # pyright: ignore[reportUnknownMemberType]
