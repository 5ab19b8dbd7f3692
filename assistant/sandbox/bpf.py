"""A tiny assembler for classic BPF, as much of it as a seccomp program needs.

Format: struct sock_filter {u16 code; u8 jt; u8 jf; u32 k} in the machine's byte order (linux/filter.h), run over struct
seccomp_data {i32 nr; u32 arch; u64 instruction_pointer; u64 args[6]} (linux/seccomp.h). A jump goes at most 255
instructions ahead, so a program is built from short tests that each end in their own return.
"""

from __future__ import annotations

import struct
import sys

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_BITS = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

ALLOW = 0x7FFF0000
"""SECCOMP_RET_ALLOW."""

NUMBER = 0
"""Offset of the system call's number."""
ARCHITECTURE = 4
"""Offset of the AUDIT_ARCH_* word."""

Instruction = tuple[int, int, int, int]


def errno(number: int) -> int:
    """SECCOMP_RET_ERRNO: the call is not made and fails with `number`."""
    return 0x00050000 | number


def argument(index: int) -> int:
    """Offset of the low 32 bits of an argument. Flags and modes are `int`: the kernel reads no more of them either."""
    return 16 + 8 * index + (4 if sys.byteorder == "big" else 0)


def load(offset: int) -> Instruction:
    """Load a word of seccomp_data."""
    return (_LOAD, 0, 0, offset)


def give(value: int) -> Instruction:
    """End with this verdict."""
    return (_RETURN, 0, 0, value)


def equal(value: int) -> Instruction:
    """Whether the loaded word is `value`."""
    return (_EQUAL, 0, 1, value)


def differs(value: int) -> Instruction:
    """Whether the loaded word is not `value`."""
    return (_EQUAL, 1, 0, value)


def at_least(value: int) -> Instruction:
    """Whether the loaded word is `value` or more."""
    return (_AT_LEAST, 0, 1, value)


def has_bits(mask: int) -> Instruction:
    """Whether any bit of `mask` is set."""
    return (_BITS, 0, 1, mask)


def keep_bits(mask: int) -> Instruction:
    """Reduce the loaded word to these bits."""
    return (_AND, 0, 0, mask)


def when(*tests: Instruction, then: tuple[Instruction, ...]) -> list[Instruction]:
    """`then` runs when every test holds; a test that fails goes on after it. Loads and masks may stand between."""
    block = [*tests, *then]
    out: list[Instruction] = []
    for at, (code, hit, miss, value) in enumerate(block):
        if at < len(tests) and code in (_EQUAL, _AT_LEAST, _BITS):
            away = len(block) - at - 1
            out.append((code, away if hit else 0, away if miss else 0, value))
        else:
            out.append((code, hit, miss, value))
    return out


def assemble(program: list[Instruction]) -> bytes:
    """The program as the kernel and `bwrap --seccomp` read it. Raises ValueError when it is too long or jumps too far."""
    if len(program) > 4096:  # BPF_MAXINSNS
        raise ValueError(f"{len(program)} instructions, the kernel takes 4096")
    if any(hit > 255 or miss > 255 for _, hit, miss, _ in program):
        raise ValueError("a jump of more than 255 instructions")
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
