"""What a stage is in words: the tree with its counts, and what stands above a diff."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from assistant.types import Change
from assistant.ui import figures
from assistant.ui.language import N_, _
from assistant.ui.safe import join, line

HELD_RULE = "held-always-asks"
"""The policy that keeps held changes from being applied unasked (policies/base.cedar)."""

REASONS = (
    N_("it may have been changed while the task was reading it"),
    N_("it was deleted since the task changed it"),
    N_("there is another file of that name now"),
    N_("it was changed meanwhile"),
    N_("runs when a shell starts"),
    N_("an editor runs or obeys it on opening the folder"),
    N_("steers other agents, or starts their servers"),
    N_("runs at login"),
    N_("a program that is started here obeys it"),
    N_("git runs it as a hook"),
    N_("git runs what lies in a hooks folder"),
    N_("leads git to another repository's settings"),
    N_("a link inside a repository's own data"),
    N_("would run with its owner's rights (setuid or setgid)"),
)
"""What the sandbox says of a conflict or a held file, so that the catalogue has it; others are shown as they come."""


_SIGNS = {
    "created": ("+", "$added"),
    "deleted": ("-", "$removed"),
    "renamed": ("→", "$primary"),
    "changed": ("~", "$warning"),
}


def tree(
    changes: Sequence[Change], counted: dict[str, tuple[int, int]], conflicts: dict[str, str]
) -> list[tuple[str, Content]]:
    """Rows `(path, label)`: a row for each folder with its counts, its files below it. A folder's path ends in `/`."""
    rows: list[tuple[str, Content]] = []
    open_folders: list[str] = []
    for change in sorted(changes, key=lambda c: (c.path.rpartition("/")[0], c.path)):
        folders = change.path.split("/")[:-1]
        for depth in range(len(folders)):
            path = "/".join(folders[: depth + 1]) + "/"
            if path not in open_folders:
                open_folders.append(path)
                below = [c for c in changes if c.path.startswith(path)]
                rows.append((path, _folder_label(folders[depth], depth, below, counted)))
        rows.append((change.path, _file_label(change, len(folders), counted, conflicts)))
    return rows


def _folder_label(name: str, depth: int, below: Sequence[Change], counted: dict[str, tuple[int, int]]) -> Content:
    added = sum(counted.get(c.path, (0, 0))[0] for c in below)
    removed = sum(counted.get(c.path, (0, 0))[1] for c in below)
    return join("  " * depth, line(name + "/", "bold"), (f"  {len(below)}", "$quiet"), *_lines(added, removed))


def _file_label(change: Change, depth: int, counted: dict[str, tuple[int, int]], conflicts: dict[str, str]) -> Content:
    sign, style = _SIGNS.get(change.kind, ("·", "$quiet"))
    name = change.path.rpartition("/")[2]
    if change.old_path:
        name = f"{change.old_path.rpartition('/')[2]} → {name}"
    parts: list[Content | str | tuple[str, str]] = ["  " * depth, (f"{sign} ", style), line(name)]
    if change.held:
        parts.append(("  " + _("held"), "bold $warning"))
    if change.path in conflicts:
        parts.append(("  " + _("conflict"), "bold $error"))
    return join(*parts, *_lines(*counted.get(change.path, (0, 0))))


def _lines(added: int, removed: int) -> list[tuple[str, str]]:
    return [(f"  +{added}", "$added")] * bool(added) + [(f"  -{removed}", "$removed")] * bool(removed)


def diff_head(change: Change, conflict: str) -> Content:
    """What a change is, above its diff: kind, size, and why it is held."""
    kinds = {
        "created": _("created"),
        "changed": _("changed"),
        "deleted": _("deleted"),
        "renamed": _("renamed"),
        "mode": _("permissions changed"),
        "link": _("link changed"),
    }
    head = join(
        line(change.path, "bold"),
        (f"  {kinds.get(change.kind, change.kind)} · {figures.size(change.size_bytes)}", "$quiet"),
    )
    rows = [head]
    if change.old_path:
        rows.append(line(_("from ") + change.old_path, "$quiet"))
    if change.held:
        rows.append(join((_("held: "), "bold $warning"), line(_(change.held), "$warning")))
        why = _("It could run code on this machine later, without anyone starting it, so it always waits for you")
        rows.append(join((why, "$quiet"), (" " + _("(policy {name}).").format(name=HELD_RULE), "$quiet")))
        rows.append(Content.styled(_("Mark it alone and press a to apply it all the same."), "$quiet"))
    if conflict:
        rows.append(join((_("conflict: "), "bold $error"), line(_(conflict), "$error")))
        rows.append(Content.styled(_("c compares the three and solves it, d drops the staged change."), "$quiet"))
    return Content("\n").join(rows)
