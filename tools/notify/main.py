"""Shows a notification. Its text is data: no markup, no options."""

from __future__ import annotations

from _kit.desktop import run as run_desktop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from _kit.call import Call


def run(args: dict[str, Any], _call: Call) -> str:
    """One call: see tool.toml."""
    title, text = (" ".join(args.get(key, "").split()) for key in ("title", "text"))
    # The body of a notification may hold markup (Desktop Notifications specification 1.2): not from a model.
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    command = ["notify-send", "--app-name=Assistant", "--", title, plain]
    run_desktop([("DBUS_SESSION_BUS_ADDRESS", command)], "showing a notification")
    return "shown"
