"""The four looks. Widgets name theme variables only, never colours.

Words stand out from every ground by 4.5:1 at least, in high contrast by 7:1 (WCAG 2.2, 1.4.3 and 1.4.6); a test measures it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from textual.theme import Theme

DARK = Theme(
    name="dark",
    dark=True,
    primary="#82aaff",
    secondary="#a9b1c6",
    accent="#c3a6ff",
    foreground="#d9dce3",
    background="#15171c",
    surface="#1b1e25",
    panel="#242832",
    success="#8fc97f",
    warning="#e6b566",
    error="#ef7d84",
    variables={
        "border-blurred": "#333947",
        "quiet": "#8a91a1",
        "added": "#8fc97f",
        "removed": "#ef7d84",
        "footer-key-foreground": "#82aaff",
    },
)
LIGHT = Theme(
    name="light",
    dark=False,
    primary="#2459b3",
    secondary="#4a5263",
    accent="#6d3fb0",
    foreground="#23262d",
    background="#fbfaf7",
    surface="#f2f1ec",
    panel="#e6e5de",
    success="#286b2d",
    warning="#7d4f00",
    error="#b32d36",
    variables={
        "border-blurred": "#cfcdc4",
        "quiet": "#5a606c",
        "added": "#286b2d",
        "removed": "#b32d36",
        "footer-key-foreground": "#2459b3",
    },
)
HIGH_CONTRAST = Theme(
    name="high-contrast",
    dark=True,
    primary="#5fd7ff",
    secondary="#ffffff",
    accent="#ffff5f",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    success="#5fff5f",
    warning="#ffff5f",
    error="#ff8787",
    variables={
        "border-blurred": "#ffffff",
        "quiet": "#e4e4e4",
        "added": "#5fff5f",
        "removed": "#ff8787",
        "footer-key-foreground": "#ffff5f",
    },
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT, HIGH_CONTRAST)}
NAMES = ("auto", "dark", "light", "high-contrast", "no-colour")


def choose(wanted: str, environ: Mapping[str, str] | None = None) -> tuple[str, bool]:
    """(theme name, whether without colour) for a setting.

    `auto` is dark unless COLORFGBG (set by rxvt, Konsole and others as `fg;bg`, 7 and 15 being white) says that the
    terminal's background is light. NO_COLOR (no-color.org) always wins.
    """
    env = os.environ if environ is None else environ
    without = bool(env.get("NO_COLOR")) or wanted == "no-colour"
    if wanted in THEMES:
        return wanted, without
    return ("light" if env.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15") else "dark"), without
