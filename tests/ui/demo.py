"""Runs the screen over a fake desk in a real terminal: `python tests/ui/demo.py SCENE [FOLDER]`.

Used by the terminal tests, the benchmarks and by anyone who wants to look at a change.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from assistant.ui import run_app  # noqa: E402

if TYPE_CHECKING:
    import fake_desk as fd

ANSWER = """## The three largest files

| file | size | changed |
|---|---:|---|
| `video.mp4` | 1.2 GB | 2026-10-02 |
| `照片/旅行.zip` | 310 MB | 2026-09-12 |
| `notes/todo.md` | 92 B | today |

The first one is **13 times** as large as the second. To see what is in it:

```python
from pathlib import Path

for file in sorted(Path(".").rglob("*"), key=lambda p: -p.stat().st_size)[:3]:
    print(file, file.stat().st_size)  # 三个最大的文件
```

1. Move it to another disk, or
2. make it smaller with `ffmpeg`.

See [the manual](https://ffmpeg.org/ffmpeg.html) or https://example.com for more.
"""


def scene(name: str) -> fd.FakeDesk:
    """The desk of a scene. Imported here, after the first frame, as the real desk is."""
    import fake_desk as fd

    from assistant.agent import events
    from assistant.types import Usage

    turn: list[fd.Step] = [
        events.ModelStarted("anthropic/claude-x", 1),
        events.ReasoningDelta("The person wants the largest files.\nI list the folder first."),
        events.ModelFinished("anthropic/claude-x", "tool_calls", Usage(1_200, 80), 4_800),
        *fd.call("a", "list_dir", "list_dir: the whole folder", "video.mp4\nnotes/\n照片/\n", ms=12),
        *fd.call(
            "b",
            "run_command",
            "run_command: du -a | sort -n",
            "du: cannot read `private`: Permission denied\n",
            ok=False,
            code="failed",
            ms=340,
        ),
        events.ModelStarted("anthropic/claude-x", 2),
        *[step for delta in fd.words(ANSWER, 6) for step in (delta, 0.01)],
        events.ModelFinished("anthropic/claude-x", "stop", Usage(2_400, 300), 11_700),
        events.StageChanged(5, 1),
    ]
    asking: list[fd.Step] = [
        *fd.words("I need to build it first.\n"),
        0.2,
        fd.request("make test"),
        *fd.words("The tests pass.\n"),
    ]
    slow: list[fd.Step] = [*[s for d in fd.words("word " * 4_000, 5) for s in (d, 0.02)]]
    served: list[fd.Step] = [fd.server_asks(), *fd.words("The server knows now.\n")]
    counted: list[fd.Step] = [s for n in range(2_400) for s in (events.TextDelta(f"w{n:04} "), 0.005)]
    scripts = {
        "ask": asking,
        "count": counted,
        "slow": slow,
        "server": served,
        "two": [fd.request("make test"), fd.request("rm -rf build", call_id="c2")],
    }
    totals = fd.TaskTotals(34_200, 2_100, 12, 182_000)
    if name == "hostile":
        escapes = "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b]8;;https://owned.example\x1b\\\x1b[77;77H\x9d0;owned\x9c\x9b31m\x08\u202e"
        hostile: list[fd.Step] = [
            events.ReasoningDelta(escapes),
            events.ModelFinished("m", "stop"),
            events.TextDelta(f"{escapes}\n\n```py\n{escapes}\n```\n\n[{escapes}](https://e.example/{escapes})\n"),
            *fd.call("h", escapes, escapes, escapes, ok=False, code="failed"),
            events.Notice("warning", escapes, escapes),
            *fd.words("THE-END"),
        ]
        return fd.FakeDesk({"hostile": hostile})
    if name == "long":
        return fd.FakeDesk(scripts, turn, history=fd.long_history(10_000, 2_000), totals=totals)
    if name == "staged":
        return staged(scripts)
    if name == "first":
        return fd.FakeDesk(scripts, turn, earlier=0)
    return fd.FakeDesk(scripts, turn, stage=fd.changes(), totals=totals, model="anthropic/claude-x")


def staged(scripts: dict[str, fd.Script]) -> fd.FakeDesk:
    """A task with a real stage below the home folder: a file with three hunks, a new one, and one that both sides changed."""
    from tests.ui.staged_desk import StagedDesk

    desk = StagedDesk(Path.home())
    desk.scripts = scripts
    old = "".join(f"line {n}\n" for n in range(1, 41))
    for file in ("a.txt", "clash.py"):
        (desk.folder / file).write_text(old)
    desk.begin()
    new = old.replace("line 2\n", "line two\n").replace("line 20\n", "line twenty\n").replace("line 38\n", "line 38!\n")
    for file in ("a.txt", "clash.py"):
        desk.stage_file(file, new)
    desk.stage_file("new.md", "# New\n\n你好\n")
    desk.real_stage().changes()
    (desk.folder / "clash.py").write_text(
        old.replace("line 20\n", "line 20, mine\n").replace("line 10\n", "line ten\n")
    )
    return desk


def main() -> int:
    """Open the screen."""
    name = sys.argv[1] if len(sys.argv) > 1 else "chat"
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path.cwd()

    async def build() -> fd.FakeDesk:
        return scene(name)  # after the first frame, as the real desk is

    return run_app(build, folder, "" if name in ("long", "staged") else None)


if __name__ == "__main__":
    sys.exit(main())
