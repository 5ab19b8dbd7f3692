"""Tries, one by one, what the sandbox relies on here; nothing is guessed from versions. Each answer says how to mend it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from assistant.errors import AssistantError

_TRY_S = 20.0


class Finding(msgspec.Struct, frozen=True):
    """One property. `level`: ok, weak (works, less well) or broken."""

    name: str
    level: str
    found: str
    mend: str = ""


def probe_all() -> list[Finding]:
    """Every property of this machine, most basic first."""
    if not sys.platform.startswith("linux"):
        return [_other_system()]
    findings = [probe() for probe in (_kernel, _bwrap, _helpers, _namespaces, _filter, _landlock, _limits)]
    findings += _room_findings()
    return _with_stand_in(findings)


def _other_system() -> Finding:
    if sys.platform == "darwin":
        return Finding("sandbox", "weak", "macOS: sandbox-exec, with a copied stage; not tested by us")
    return Finding("sandbox", "broken", f"no engine for {sys.platform}", "use Linux or macOS; tools refuse to run here")


def _kernel() -> Finding:
    release = os.uname().release
    numbers = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit())
    if numbers < (5, 12):
        return Finding("kernel", "broken", f"Linux {release}", "rooms need Linux 5.12 or newer: update the system")
    return Finding("kernel", "ok", f"Linux {release}")


def _bwrap() -> Finding:
    from assistant.sandbox.prepare import find_bwrap

    try:
        program = find_bwrap()
    except AssistantError as error:
        return Finding("bubblewrap", "broken", error.message, error.hint)
    version = _output([program, "--version"])
    if os.stat(program).st_mode & 0o4000:
        return Finding(
            "bubblewrap", "weak", f"{version}, setuid", "remove the setuid bit: `chmod u-s` on it; rooms need none"
        )
    return Finding("bubblewrap", "ok", version)


def _helpers() -> Finding:
    missing = [name for name in ("prlimit", "setsid") if not shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")]
    if missing:
        return Finding("util-linux", "broken", f"{', '.join(missing)} missing", "install the package `util-linux`")
    return Finding("util-linux", "ok", "prlimit and setsid are there")


def _namespaces() -> Finding:
    """Whether an ordinary process may make a user namespace, and if not, which of the usual reasons it is."""
    script = "import ctypes,os; l=ctypes.CDLL(None,use_errno=True); r=l.unshare(0x10000000); os._exit(ctypes.get_errno() if r else 0)"
    code = subprocess.run([sys.executable, "-I", "-S", "-c", script], timeout=_TRY_S, check=False).returncode
    restricted = _read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1"
    if code == 0 and not restricted:
        return Finding("user namespaces", "ok", "can be made")
    if restricted and os.geteuid() != 0:
        return Finding(
            "user namespaces",
            "broken",
            "AppArmor restricts them (Ubuntu 23.10 and newer)",
            "as root: put `abi <abi/4.0>, include <tunables/global> profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }` "
            "into /etc/apparmor.d/bwrap (and the same for the Python that runs the assistant), then "
            "`systemctl reload apparmor`; or `sysctl kernel.apparmor_restrict_unprivileged_userns=0`",
        )
    if _read("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        return Finding(
            "user namespaces", "broken", "switched off", "as root: `sysctl kernel.unprivileged_userns_clone=1`"
        )
    if _read("/proc/sys/user/max_user_namespaces") == "0":
        return Finding("user namespaces", "broken", "none allowed", "as root: `sysctl user.max_user_namespaces=10000`")
    if code == 0:
        return Finding("user namespaces", "ok", "can be made")
    if _in_container():
        return Finding(
            "user namespaces",
            "broken",
            f"the container refuses them ({os.strerror(code)})",
            "start the container with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`, "
            "or run the assistant outside of it",
        )
    return Finding("user namespaces", "broken", os.strerror(code), "ask whoever looks after this machine to allow them")


def _filter() -> Finding:
    from assistant.sandbox.seccomp import room_filter

    try:
        program = room_filter()
    except AssistantError as error:
        return Finding("system call filter", "broken", error.message, error.hint)
    if "Seccomp:" not in _read("/proc/self/status"):
        return Finding(
            "system call filter", "broken", "the kernel has no seccomp", "use a kernel with CONFIG_SECCOMP_FILTER"
        )
    return Finding("system call filter", "ok", f"{len(program) // 8} instructions")


def _landlock() -> Finding:
    from assistant.sandbox.landlock import landlock_version

    version = landlock_version()
    if version <= 0:
        return Finding("landlock", "weak", "not in this kernel", "only needed where rooms can't be made")
    return Finding("landlock", "ok", f"version {version}; used only where rooms can't be made")


def _limits() -> Finding:
    from assistant.sandbox.cgroup import find_cgroups

    groups = find_cgroups()
    if groups is None:
        return Finding(
            "limits",
            "weak",
            "no control group can be written: limits are set for each process, and watched together",
            "nothing to mend; in a systemd user session they are enforced by the kernel",
        )
    return Finding("limits", "ok", f"control groups, version {groups.version}")


def _room_findings() -> list[Finding]:
    """What only shows inside a room: open one on an empty folder and look."""
    from assistant.sandbox.probe_room import ROOM_PROBES, look_inside

    if shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin") is None:
        return [Finding("room", "broken", "can't be made without bubblewrap", "install the package `bubblewrap`")]
    with tempfile.TemporaryDirectory(prefix="assistant-doctor-") as scratch:
        try:
            answers = look_inside(Path(scratch))
        except AssistantError as error:
            return [Finding("room", "broken", error.message, error.hint or "see the findings above")]
    return [_judge(name, answers.get(name, "no answer"), good, mend) for name, good, mend in ROOM_PROBES]


_NEEDS_NAMESPACES = ("user namespaces", "room")


def _with_stand_in(findings: list[Finding]) -> list[Finding]:
    """Where no namespaces can be made: whether what stands in for rooms holds, tried too. Then tools run, less well confined."""
    broken = {f.name for f in findings if f.level == "broken"}
    if broken != set(_NEEDS_NAMESPACES):
        return findings
    from assistant.sandbox.loose import LandlockSandbox, warning
    from assistant.sandbox.probe_room import ROOM_PROBES, STAND_IN, look_inside

    with tempfile.TemporaryDirectory(prefix="assistant-doctor-") as scratch:
        try:
            LandlockSandbox()
            answers = look_inside(Path(scratch), loose=True)
        except AssistantError as error:
            return [*findings, Finding("stand-in", "broken", error.message, error.hint)]
    tried = [
        _judge(name, answers.get(name, "no answer"), good, mend) for name, good, mend in ROOM_PROBES if name in STAND_IN
    ]
    findings = [msgspec.structs.replace(f, level="weak") if f.name in _NEEDS_NAMESPACES else f for f in findings]
    return [*findings, Finding("stand-in", "weak", warning(), "mend `user namespaces` above"), *tried]


def _judge(name: str, answer: str, good: str, mend: str) -> Finding:
    return Finding(name, "ok", answer) if answer == good else Finding(name, "broken", answer, mend)


def _in_container() -> bool:
    return any(Path(p).exists() for p in ("/.dockerenv", "/run/.containerenv")) or "container" in _read(
        "/proc/1/environ"
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return ""


def _output(argv: list[str]) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=_TRY_S, check=False).stdout.strip()
    except OSError as error:
        return str(error)
