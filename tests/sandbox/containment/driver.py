"""Runs all attacks and all everyday work as the person who starts it, each as one call of one warm room.

Started by the tests as a program of its own, once as root and once as an ordinary user: `driver.py MODE FOLDER`. MODE is
`room`, or `outside` to run the attacks that must breach without a sandbox. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import zipfile
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from attacks import ATTACKS, PRELUDE, Attack
from work import WORK, Work

PYTHON = "/usr/bin/python3"


class Host:
    """What the attacks aim at, and whether it is still as it was."""

    def __init__(self, top: Path) -> None:
        self.home = top / "home"
        self.folder = self.home / "project"
        self.secret = self.home / ".ssh" / "id_canary"
        self.out = self.home / "outside"
        for folder in (self.folder, self.secret.parent, self.home / ".local/share/assistant"):
            folder.mkdir(parents=True, exist_ok=True)
        self.secret.write_text("canary-secret\n")
        (self.home / ".secret").write_text("canary-secret\n")
        (self.home / ".local/share/assistant/key").write_text("canary-secret\n")
        os.environ.update(HOME=str(self.home), CANARY_ENVIRONMENT="canary-secret")
        for name in list(os.environ):
            if name.startswith(("XDG_", "ASSISTANT_")):
                del os.environ[name]
        self.tmp = Path("/tmp") / f"canary-{os.getpid()}"
        self.shm = Path("/dev/shm") / f"canary-{os.getpid()}"
        for path in (self.tmp, self.shm):
            path.write_text("canary-secret\n")
        self.inherited = os.open(self.secret, os.O_RDWR)
        os.set_inheritable(self.inherited, True)
        os.set_inheritable(os.open(self.home, os.O_RDONLY), True)
        self.process = subprocess.Popen(["canary-process", "300"], executable="/bin/sleep")
        self.libc = ctypes.CDLL(None)
        self.shmid = self.libc.shmget(0, 4096, 0o1600)
        self.packets = 0
        self._servers()

    def _servers(self) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.abstract = f"canary-{os.getpid()}"
        self.unix = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        self.path_socket = self.home / "s.sock"
        for sock, address in zip(
            self.unix, ("\0" + self.abstract, str(self.path_socket), str(self.folder / "host.sock")), strict=True
        ):
            sock.bind(address)
            sock.listen(8)
        threading.Thread(target=self._count_packets, daemon=True).start()

    def _count_packets(self) -> None:
        while self.udp.recv(100):
            self.packets += 1

    def environment(self) -> dict[str, str]:
        return {
            "CANARY_SECRET": str(self.secret), "CANARY_HOME": str(self.home), "CANARY_OUT": str(self.out),
            "CANARY_FOLDER": str(self.folder), "CANARY_DATA": str(self.home / ".local/share/assistant"),
            "CANARY_TMP": str(self.tmp), "CANARY_SHM": str(self.shm), "CANARY_PID": str(self.process.pid),
            "CANARY_PORT": str(self.port), "CANARY_UDP": str(self.udp.getsockname()[1]), "CANARY_ABSTRACT": self.abstract,
            "CANARY_HOSTNAME": socket.gethostname(), "CANARY_SOCKET": str(self.path_socket), "CANARY_SHMID": str(self.shmid), "CANARY_UID": str(os.getuid()),
        }  # fmt: skip

    def unharmed(self) -> dict[str, bool]:
        return {
            "the secret is unchanged": self.secret.read_text() == "canary-secret\n",
            "nothing was written beside the folder": not self.out.exists() and not (self.home / "beside").exists(),
            "no start-up file was written": not (self.home / ".profile").exists(),
            "the process lives": self.process.poll() is None,
            "no packet arrived": self.packets == 0,
            "the real folder is unchanged": sorted(p.name for p in self.folder.iterdir())
            == ["host.sock", "there", "there2", "wheels"],
        }

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.libc.shmctl(self.shmid, 0, None)
        for path in (self.tmp, self.shm):
            path.unlink(missing_ok=True)


def program(attack: Attack) -> str:
    body = textwrap.indent(textwrap.dedent(attack.body).strip(), "    ")
    return (
        f"{PRELUDE}\ndef attack():\n{body}\ntry:\n    worked = attack()\nexcept BaseException as error:\n"
        "    worked = False; print(type(error).__name__, error)\nprint('BREACH' if worked else 'held', flush=True)\n"
    )


def make_wheel(folder: Path) -> None:
    """A package for pip, made here so that no index is needed."""
    folder.mkdir()
    info = "tiny_example-1.0.dist-info"
    with closing(zipfile.ZipFile(folder / "tiny_example-1.0-py3-none-any.whl", "w")) as wheel:
        wheel.writestr("tiny_example/__init__.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-example\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


async def in_room(host: Host) -> dict[str, object]:
    from assistant.config import find_paths
    from assistant.sandbox.bubblewrap import BubblewrapSandbox
    from assistant.sandbox.protocol import Command
    from assistant.types import Limits

    for name in ("there", "there2"):
        (host.folder / name).mkdir()
        (host.folder / name / "inside").write_text("x")
    make_wheel(host.folder / "wheels")
    paths = find_paths()
    room = await BubblewrapSandbox(paths).open("t", host.folder, paths.stages)
    limits = Limits(wall_s=60.0)

    async def attack(one: Attack) -> str:
        command = Command((PYTHON, "-I", "-S", "-c", program(one)), env=host.environment(), limits=limits)
        done = await room.run(command)
        return (done.stdout + done.stderr).decode(errors="replace")[-600:]

    async def work(one: Work) -> dict[str, object]:
        if one.needs and not shutil.which(one.needs, path="/usr/bin:/bin:/usr/local/bin"):
            return {"skipped": f"`{one.needs}` is not installed"}
        done = await room.run(Command(("sh", "-c", one.script), stdin=one.stdin, pty=one.pty, limits=limits))
        status = -done.signal if done.signal is not None else done.exit_status
        good = status == one.status and one.output in (None, done.stdout)
        said = (done.stdout + done.stderr).decode(errors="replace")[-800:]
        return {"good": good, "said": f"status {status}\n{said}"}

    await room.run(Command(("sh", "-c", "setsid sh -c 'sleep 100 # left-behind' & exit 0")))
    try:
        attacks = {one.name: await attack(one) for one in ATTACKS}
        works = {one.name: await work(one) for one in WORK}
    finally:
        await room.aclose()
    return {"attacks": attacks, "work": works, "host": host.unharmed()}


def outside(host: Host) -> dict[str, object]:
    found: dict[str, str] = {}
    for one in ATTACKS:
        if one.outside:
            done = subprocess.run(
                [PYTHON, "-I", "-S", "-c", program(one)], capture_output=True, text=True, cwd=host.folder,
                env=os.environ | host.environment(), timeout=20,
            )  # fmt: skip
            found[one.name] = (done.stdout + done.stderr)[-600:]
    return {"attacks": found}


def main() -> None:
    mode, top = sys.argv[1], Path(sys.argv[2])
    host = Host(top)
    try:
        sys.stdout.write(json.dumps(asyncio.run(in_room(host)) if mode == "room" else outside(host)))
    finally:
        host.close()


if __name__ == "__main__":
    main()
