"""What an empty task shows: where one is, and how to begin."""

from __future__ import annotations

import os
from pathlib import Path

from textual.content import Content
from textual.widgets import Static

from assistant.ui import figures
from assistant.ui.language import _
from assistant.ui.safe import join, line


class Welcome(Static):
    """Scrolls away with the first words."""

    DEFAULT_CSS = """
    Welcome { height: auto; padding: 1 2 0 2; color: $quiet; }
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(_words(folder), markup=False)


def _words(folder: Path) -> Content:
    where = figures.short_path(str(folder), 60, os.environ.get("HOME", ""))
    rows = [
        join((_("Assistant"), "bold $primary"), _(" in "), line(where, "bold $foreground")),
        Content(""),
        Content(_("Say what you want done in this folder. Changes are staged first; you review them.")),
        Content(""),
        join(
            ("/", "bold $foreground"),
            _(" commands   "),
            ("@", "bold $foreground"),
            _(" files   "),
            ("!", "bold $foreground"),
            _(" your own command   "),
            ("F1", "bold $foreground"),
            _(" help"),
        ),
    ]
    return Content("\n").join(rows)
