"""The filter, run by an interpreter of our own: what it answers for calls that no test could make."""

from __future__ import annotations

import errno
import struct

import pytest

from assistant.errors import SandboxUnavailable
from assistant.sandbox.bpf import ALLOW, assemble, equal, give, load, when
from assistant.sandbox.seccomp import room_filter

X86, ARM = 0xC000003E, 0xC00000B7


def answer(program: bytes, number: int, *args: int, arch: int = X86) -> str | int:
    """`allow`, or the errno that a call gets."""
    data = struct.pack("=iIQ6Q", number, arch, 0, *(a & (1 << 64) - 1 for a in (*args, *[0] * (6 - len(args)))))
    instructions = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    at, word = 0, 0
    while True:
        code, hit, miss, value = instructions[at]
        at += 1
        if code == 0x20:
            (word,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            word &= value
        elif code == 0x06:
            return "allow" if value == ALLOW else value & 0xFFFF
        else:
            holds = {0x15: word == value, 0x35: word >= value, 0x45: bool(word & value)}[code]
            at += hit if holds else miss


@pytest.fixture
def x86() -> bytes:
    return room_filter("x86_64")


def test_ordinary_calls_pass(x86: bytes) -> None:
    for number in (0, 1, 9, 39, 59, 60, 202, 231, 262, 318, 334, 439):
        assert answer(x86, number) == "allow"


def test_calls_of_other_interfaces_do_not_exist(x86: bytes) -> None:
    assert answer(x86, 20, arch=0x40000003) == errno.ENOSYS
    assert answer(x86, 0x40000000 + 39) == errno.ENOSYS
    assert answer(room_filter("aarch64"), 172, arch=X86) == errno.ENOSYS


def test_flags_that_lie_in_memory_make_callers_fall_back(x86: bytes) -> None:
    for program, arch in ((x86, X86), (room_filter("aarch64"), ARM)):
        assert answer(program, 435, arch=arch) == errno.ENOSYS
        assert answer(program, 437, arch=arch) == errno.ENOSYS


@pytest.mark.parametrize("flag", [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000])
def test_S4_namespaces_are_not_made(flag: int, x86: bytes) -> None:
    assert answer(x86, 56, flag | 17) == errno.EPERM
    assert answer(x86, 272, flag) == errno.EPERM
    assert answer(room_filter("aarch64"), 220, flag | 17, arch=ARM) == errno.EPERM


def test_threads_and_forks_are(x86: bytes) -> None:
    assert answer(x86, 56, 0x3D0F00) == "allow"
    assert answer(x86, 56, 17) == "allow"
    assert answer(x86, 272, 0x400) == "allow"


def test_high_bits_of_an_argument_hide_nothing(x86: bytes) -> None:
    assert answer(x86, 16, 0, 0x5412 | 1 << 32) == errno.EPERM
    assert answer(x86, 272, 0x10000000 | 1 << 40) == errno.EPERM
    assert answer(x86, 90, 0, 0o4755 | 1 << 50) == errno.EPERM


def test_setuid_bits_are_not_set_by_any_call(x86: bytes) -> None:
    for number, args in (
        (90, (0, 0o4755)), (91, (0, 0o2755)), (268, (0, 0, 0o4755)), (452, (0, 0, 0o6755)), (85, (0, 0o4755)),
        (2, (0, 0o101, 0o4755)), (257, (0, 0, 0o100, 0o4755)), (257, (0, 0, 0o20200002, 0o4700)), (133, (0, 0o104755)),
    ):  # fmt: skip
        assert answer(x86, number, *args) == errno.EPERM, number


def test_a_mode_that_is_not_used_is_not_looked_at(x86: bytes) -> None:
    assert answer(x86, 2, 0, 0, 0o4755) == "allow"
    assert answer(x86, 257, 0, 0, 0o200000, 0o7777) == "allow"


def test_devices_are_not_made_but_pipes_are(x86: bytes) -> None:
    assert answer(x86, 133, 0, 0o020600) == errno.EPERM
    assert answer(x86, 259, 0, 0, 0o060600) == errno.EPERM
    assert answer(x86, 133, 0, 0o010600) == "allow"


@pytest.mark.parametrize(
    ("family", "kind", "protocol", "good"),
    [
        (1, 1, 0, True), (1, 2, 0, True), (2, 1, 0, True), (2, 1, 6, True), (2, 0x80801, 0, True), (10, 2, 17, True),
        (16, 3, 0, True), (2, 3, 1, False), (2, 2, 1, False), (2, 1, 262, False), (2, 1, 132, False), (16, 3, 9, False),
        (17, 3, 3, False), (40, 1, 0, False), (38, 5, 0, False), (31, 3, 1, False), (4, 2, 0, False),
    ],
)  # fmt: skip
def test_only_sockets_that_programs_need(family: int, kind: int, protocol: int, good: bool, x86: bytes) -> None:
    assert (answer(x86, 41, family, kind, protocol) == "allow") is good
    assert (answer(room_filter("aarch64"), 198, family, kind, protocol, arch=ARM) == "allow") is good


def test_without_namespaces_unix_and_udp_sockets_go_too() -> None:
    strict = room_filter("x86_64", unix_sockets=False, udp=False)
    assert answer(strict, 41, 1, 1, 0) == errno.EAFNOSUPPORT
    assert answer(strict, 41, 2, 2, 0) == errno.EAFNOSUPPORT
    assert answer(strict, 41, 2, 1, 0) == "allow"
    assert answer(strict, 53, 1, 1, 0) == "allow"


def test_an_unknown_processor_is_refused() -> None:
    with pytest.raises(SandboxUnavailable, match="riscv64"):
        room_filter("riscv64")


def test_jumps_that_are_too_far_are_found_when_assembling() -> None:
    with pytest.raises(ValueError, match="jump"):
        assemble(when(equal(1), then=tuple(load(0) for _ in range(300))))
    with pytest.raises(ValueError, match="4096"):
        assemble([give(0)] * 5000)
