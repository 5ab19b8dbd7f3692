"""How far a pattern reaches: which patterns stand for the files that a person sees, and no others.

`all .txt files` means what a list of the folder shows: not what `.gitignore` leaves out, such as the packages that a
project has installed. The tools that change files take their patterns literally, so the files are looked up first.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.models.offline import readings
from assistant.models.offline.plans.steps import Aid, Steps, Stuck, glob_of, must, shown_names
from assistant.types import Data

FOLDERS = 20
"""Folders that are given a pattern each; beyond it the person is asked to name one."""


class Reach(Data, frozen=True):
    """Patterns for tools, and how many files they stand for."""

    patterns: tuple[str, ...]
    count: int


def reach(aid: Aid, names: tuple[str, ...], folder: str = "") -> Steps[Reach]:
    """The patterns for all files of these names in a folder and below. Raises Stuck when nothing fits."""
    glob = glob_of(names, loose=False) or "*"
    page = readings.listing((yield from must(aid, "find_files", path=folder or None, glob=glob, type="file")).text)
    where = aid.where(folder)
    if not page.entries:
        raise Stuck(aid.say("none fit", where=where, names=shown_names(names)))
    folders = list(dict.fromkeys(e.name.rpartition("/")[0] for e in page.entries))
    if page.next is None and len(folders) <= FOLDERS:
        return Reach(tuple(f"{f}/{glob}" if f else glob for f in folders), page.total)
    # Many folders: one pattern for all of them, unless it would also take in what is ignored.
    everything = readings.listing(
        (yield from must(aid, "find_files", path=folder or None, glob=glob, type="file", all=True, limit=1)).text
    )
    if everything.total != page.total:
        raise Stuck(aid.say("rename deep", n=page.total, names=shown_names(names)))
    prefix = f"{folder.strip('/')}/" if folder and folder != "." else ""
    return Reach((f"{prefix}**/{glob}",), page.total)


def directly_in(aid: Aid, names: tuple[str, ...], folder: str = "") -> Steps[Sequence[readings.Entry]]:
    """The files of these names that lie in the folder itself. Raises Stuck when there are none."""
    page = readings.listing(
        (yield from must(aid, "find_files", path=folder or None, glob=glob_of(names), type="file")).text
    )
    prefix = f"{folder.strip('/')}/" if folder and folder != "." else ""
    near = [e for e in page.entries if e.name.startswith(prefix) and "/" not in e.name.removeprefix(prefix)]
    if not near:
        phrase = "none fit here" if page.entries else "none fit"
        raise Stuck(aid.say(phrase, where=aid.where(folder), names=shown_names(names), n=page.total))
    return near
