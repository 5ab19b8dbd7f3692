"""The system calls that a room's programs may not make, as one compiled seccomp program.

A deny list over the kernel's own permission checks: rooms run with no capabilities, and this takes away what the kernel
would give even so (user namespaces, io_uring, the keyring, setuid bits on own files, terminals' input queue, odd socket
families). EPERM where a program should understand a refusal, ENOSYS where it should fall back to an older call.

Numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux 6.18.
"""

from __future__ import annotations

import errno
import os
from functools import cache

from assistant.errors import SandboxUnavailable
from assistant.sandbox.bpf import (
    ALLOW,
    ARCHITECTURE,
    NUMBER,
    Instruction,
    argument,
    assemble,
    at_least,
    differs,
    equal,
    give,
    has_bits,
    keep_bits,
    load,
    when,
)
from assistant.sandbox.bpf import errno as fail

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000  # x32 calls on x86_64 carry this bit and would slip past plain numbers

# Numbers that both tables share (all calls added since Linux 5.1 have one number everywhere).
_SHARED = {
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "mount_setattr": 442, "open_tree_attr": 467, "statmount": 457, "listmount": 458,
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "clone3": 435, "openat2": 437, "quotactl_fd": 443, "fchmodat2": 452, "pidfd_getfd": 438,
}  # fmt: skip
_X86_64 = {
    "open": 2, "ioctl": 16, "socket": 41, "socketpair": 53, "clone": 56, "creat": 85, "chmod": 90, "fchmod": 91,
    "syslog": 103, "mknod": 133, "ustat": 136, "personality": 135, "vhangup": 153, "modify_ldt": 154, "pivot_root": 155,
    "_sysctl": 156, "adjtimex": 159, "chroot": 161, "acct": 163, "settimeofday": 164, "mount": 165, "umount2": 166,
    "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173,
    "create_module": 174, "init_module": 175, "delete_module": 176, "quotactl": 179, "nfsservctl": 180,
    "lookup_dcookie": 212, "clock_settime": 227, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
    "openat": 257, "mknodat": 259, "fchmodat": 268, "unshare": 272, "perf_event_open": 298, "fanotify_init": 300,
    "name_to_handle_at": 303, "open_by_handle_at": 304, "clock_adjtime": 305, "setns": 308, "finit_module": 313,
    "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
}  # fmt: skip
_AARCH64 = {
    "ioctl": 29, "mknodat": 33, "umount2": 39, "mount": 40, "pivot_root": 41, "nfsservctl": 42, "chroot": 51,
    "fchmod": 52, "fchmodat": 53, "openat": 56, "vhangup": 58, "quotactl": 60, "lookup_dcookie": 18, "acct": 89,
    "personality": 92, "unshare": 97, "kexec_load": 104, "init_module": 105, "delete_module": 106, "clock_settime": 112,
    "syslog": 116, "reboot": 142, "sethostname": 161, "setdomainname": 162, "settimeofday": 170, "adjtimex": 171,
    "socket": 198, "socketpair": 199, "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "swapon": 224,
    "swapoff": 225, "perf_event_open": 241, "fanotify_init": 262, "name_to_handle_at": 264, "open_by_handle_at": 265,
    "clock_adjtime": 266, "setns": 268, "finit_module": 273, "bpf": 280, "userfaultfd": 282, "kexec_file_load": 294,
}  # fmt: skip

_REFUSED = (
    "mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick",
    "mount_setattr", "open_tree_attr", "statmount", "listmount", "setns", "chroot",
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "add_key", "request_key", "keyctl", "kexec_load", "kexec_file_load",
    "create_module", "init_module", "finit_module", "delete_module", "open_by_handle_at", "name_to_handle_at",
    "swapon", "swapoff", "quotactl", "quotactl_fd", "acct", "reboot", "nfsservctl", "lookup_dcookie", "fanotify_init",
    "syslog", "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "sethostname", "setdomainname",
    "iopl", "ioperm", "modify_ldt", "vhangup", "_sysctl", "ustat", "pidfd_getfd",
)  # fmt: skip
_FALL_BACK = ("clone3", "openat2")
"""Their flags lie in memory, where BPF can't look. Every C library falls back to the older call."""

# linux/sched.h: CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; NEWTIME (0x80) is for unshare alone,
# in clone it is part of the exit signal.
_NEW_NAMESPACE = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_NEW_TIME = 0x80
_SETUID_SETGID = 0o6000
_CREATES = os.O_CREAT | 0o20000000  # O_CREAT, and O_TMPFILE without its O_DIRECTORY bit: the mode argument counts
_IFMT, _IFCHR, _IFBLK = 0o170000, 0o020000, 0o060000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_STREAM, _DGRAM = 1, 2
_TCP, _UDP = 6, 17
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
"""Linux, 32-bit address reports, and asking; others switch on old, weaker behaviour (the set Docker allows)."""


@cache
def room_filter(machine: str = "", *, unix_sockets: bool = True, udp: bool = True) -> bytes:
    """The program for this machine. Without network namespaces (the landlock engine) unix and UDP sockets go too.

    Raises SandboxUnavailable on a machine whose numbers are not known here.
    """
    machine = machine or os.uname().machine
    if machine not in _AUDIT_ARCH:
        raise SandboxUnavailable(
            f"no system call filter for the processor `{machine}`", hint="x86_64 and aarch64 have one"
        )
    numbers = _SHARED | (_X86_64 if machine == "x86_64" else _AARCH64)
    program: list[Instruction] = [load(ARCHITECTURE)]
    program += when(differs(_AUDIT_ARCH[machine]), then=(give(fail(errno.ENOSYS)),))
    program.append(load(NUMBER))
    if machine == "x86_64":
        program += when(at_least(_X32_BIT), then=(give(fail(errno.ENOSYS)),))
    for name in _REFUSED:
        if name in numbers:
            program += when(equal(numbers[name]), then=(give(fail(errno.EPERM)),))
    for name in _FALL_BACK:
        program += when(equal(numbers[name]), then=(give(fail(errno.ENOSYS)),))
    for name, block in _by_argument(unix_sockets, udp):
        if name in numbers:
            program += when(equal(numbers[name]), then=(*block, give(ALLOW)))
    program.append(give(ALLOW))
    return assemble(program)


def _by_argument(unix_sockets: bool, udp: bool) -> list[tuple[str, list[Instruction]]]:
    """(call, test of its arguments) for the calls that depend on them."""
    refuse = (give(fail(errno.EPERM)),)

    def bits(index: int, mask: int) -> list[Instruction]:
        return when(load(argument(index)), has_bits(mask), then=refuse)

    def mode(index: int) -> list[Instruction]:
        return bits(index, _SETUID_SETGID)

    def created_mode(flags: int, mode_at: int) -> list[Instruction]:
        return when(
            load(argument(flags)), has_bits(_CREATES), load(argument(mode_at)), has_bits(_SETUID_SETGID), then=refuse
        )

    def node(index: int) -> list[Instruction]:
        block = mode(index)
        for kind in (_IFCHR, _IFBLK):
            block += when(load(argument(index)), keep_bits(_IFMT), equal(kind), then=refuse)
        return block

    def terminal() -> list[Instruction]:
        return [
            *when(load(argument(1)), equal(_TIOCSTI), then=refuse),
            *when(load(argument(1)), equal(_TIOCLINUX), then=refuse),
        ]

    def personality() -> list[Instruction]:
        block = [load(argument(0))]
        for known in _PERSONALITIES:
            block += when(equal(known), then=(give(ALLOW),))
        return [*block, *refuse]

    pair = when(load(argument(0)), equal(_AF_UNIX), then=(give(ALLOW),))
    return [
        ("clone", bits(0, _NEW_NAMESPACE)),
        ("unshare", bits(0, _NEW_NAMESPACE | _NEW_TIME)),
        ("chmod", mode(1)),
        ("fchmod", mode(1)),
        ("fchmodat", mode(2)),
        ("fchmodat2", mode(2)),
        ("creat", mode(1)),
        ("open", created_mode(1, 2)),
        ("openat", created_mode(2, 3)),
        ("mknod", node(1)),
        ("mknodat", node(2)),
        ("ioctl", terminal()),
        ("personality", personality()),
        ("socketpair", [*pair, give(fail(errno.EAFNOSUPPORT))]),
        ("socket", _sockets(unix_sockets, udp)),
    ]


def _sockets(unix_sockets: bool, udp: bool) -> list[Instruction]:
    """unix; inet stream and dgram with their usual protocols; netlink route. Everything else does not exist here."""
    block: list[Instruction] = []
    if unix_sockets:
        block += when(load(argument(0)), equal(_AF_UNIX), then=(give(ALLOW),))
    for family in (_AF_INET, _AF_INET6):
        for kind, protocol in ((_STREAM, _TCP), (_DGRAM, _UDP)) if udp else ((_STREAM, _TCP),):
            for allowed in (0, protocol):
                block += when(
                    load(argument(0)), equal(family), load(argument(1)), keep_bits(0xF), equal(kind),
                    load(argument(2)), equal(allowed), then=(give(ALLOW),),
                )  # fmt: skip
    block += when(load(argument(0)), equal(_AF_NETLINK), load(argument(2)), equal(0), then=(give(ALLOW),))
    return [*block, give(fail(errno.EAFNOSUPPORT))]
