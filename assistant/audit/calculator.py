"""The proof calculator: one JSON object in, one out. See README.md, "Proof calculator", for every operation.

For a stranger who wants to check our arithmetic, or use it, without our database. An operation is named by `op`, or known
by the fields it is given. Whatever is malformed is answered with `ok: false` and an `error`, never with a failure.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

from assistant import canonical
from assistant.audit import merkle
from assistant.audit.checkpoint import parse_text
from assistant.audit.note import SigningKey, VerifierKey, open_note, split_note

Request = dict[str, Any]
Answer = dict[str, Any]

_HEX = re.compile(r"(?:[0-9a-f]{2})*\Z")
_MAX_SIZE = 2**64 - 1


def answer(line: str | bytes) -> Answer:
    """The answer to one line. Never raises."""
    try:
        request = canonical.loads(line)
        if not isinstance(request, dict):
            raise ValueError("a request is a JSON object")
    except ValueError as error:
        return {"ok": False, "error": str(error)}
    result = _answer_request(request)  # pyright: ignore[reportUnknownArgumentType]  # JSON
    return {**{name: request[name] for name in ("id", "name") if name in request}, **result}


def _answer_request(request: Request) -> Answer:
    try:
        name = request.get("op") or _operation_of(request)
        operation = OPERATIONS.get(_ALIASES.get(name, name)) if isinstance(name, str) else None
        if operation is None:
            return {"ok": False, "error": f"no operation `{name}`: there are {', '.join(sorted(OPERATIONS))}"}
        return operation(request)
    except RecursionError:
        return {"ok": False, "error": "nested too deeply"}
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        missing = isinstance(error, KeyError)
        return {"ok": False, "error": f"`{error.args[0]}` is missing" if missing else str(error)}


def _operation_of(request: Request) -> str:
    for name, fields in _KNOWN_BY:
        if all(any(spelling in request for spelling in field.split("|")) for field in fields):
            return name
    raise ValueError("no operation is known by these fields: name one with `op`")


# ---------------------------------------------------------------- reading fields


def _first(request: Request, *names: str) -> Any:
    for name in names:
        if name in request:
            return request[name]
    raise KeyError(names[0])


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str) or not _HEX.match(value):
        raise ValueError("bytes are written in lowercase hexadecimal")
    return bytes.fromhex(value)


def _hash(value: Any) -> bytes:
    raw = _bytes(value)
    if len(raw) != merkle.HASH_BYTES:
        raise ValueError(f"a hash has {merkle.HASH_BYTES} bytes, not {len(raw)}")
    return raw


def _hashes(value: Any) -> list[bytes]:
    return [_hash(item) for item in _list(value)]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("a list is needed")
    return value  # pyright: ignore[reportUnknownVariableType]  # JSON


def _size(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_SIZE:
        raise ValueError("a size or index is an integer from 0 to 2**64 - 1")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text is needed")
    return value


def _leaf_hashes(request: Request) -> list[bytes]:
    if "leaf_hashes" in request:
        return _hashes(request["leaf_hashes"])
    return [merkle.leaf_hash(_bytes(entry)) for entry in _list(_first(request, "leaves", "entries"))]


def _hexes(values: list[bytes]) -> list[str]:
    return [value.hex() for value in values]


def _compared(request: Request, **found: Any) -> Answer:
    """The values found; `ok` says whether those that the request expects are the same."""
    return {"ok": all(request[name] == value for name, value in found.items() if name in request), **found}


# ---------------------------------------------------------------- operations


def _inclusion(request: Request) -> Answer:
    leaf = (
        _hash(request["leaf_hash"])
        if "leaf_hash" in request
        else merkle.leaf_hash(_bytes(_first(request, "leaf", "entry")))
    )
    index, size = _size(_first(request, "index", "leaf_index")), _size(_first(request, "size", "tree_size"))
    root = _hash(request["root"])
    holds = merkle.verify_inclusion(leaf, index, size, _hashes(request["proof"]), root)
    return {"ok": holds and _told(request, size, root)}


def _consistency(request: Request) -> Answer:
    first, second = _size(request["first"]), _size(request["second"])
    first_root, second_root = _hash(request["first_root"]), _hash(request["second_root"])
    holds = merkle.verify_consistency(first, second, first_root, second_root, _hashes(request["proof"]))
    return {"ok": holds and _told(request, second, second_root)}


def _told(request: Request, size: int, root: bytes) -> bool:
    """Whether the checkpoint that a request brings along, if any, tells this size and root, signed by `vkey` if that is there."""
    if request.get("checkpoint") is None:
        return True
    note = _text(request["checkpoint"])
    text = open_note(note, _keys(request))[0] if _has_keys(request) else split_note(note)[0]
    head = parse_text(text)
    return (head.size, head.root) == (size, root)


def _tree(request: Request) -> Answer:
    leaves = _leaf_hashes(request)
    frontier = merkle.Frontier()
    roots = [frontier.root()]
    for leaf in leaves:
        frontier.append(leaf)
        roots.append(frontier.root())
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([merkle.node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return _compared(
        request,
        size=len(leaves),
        root=roots[-1].hex(),
        root_by_size=_hexes(roots),
        node_hashes_by_level=[_hexes(level) for level in levels if level],
    )


def _root(request: Request) -> Answer:
    leaves = _leaf_hashes(request)
    start, end = _size(request.get("start", 0)), _size(_first({"size": len(leaves), **request}, "end", "size"))
    if not start <= end <= len(leaves):
        raise ValueError(f"no leaves {start} to {end} among {len(leaves)}")
    return _compared(request, root=merkle.root_of(leaves[start:end]).hex())


def _prove_inclusion(request: Request) -> Answer:
    leaves = _leaf_hashes(request)
    index, size = _size(request["index"]), _size(request.get("size", len(leaves)))
    if size > len(leaves):
        raise ValueError(f"the tree has {len(leaves)} leaves, not {size}")
    proof = merkle.prove_inclusion(index, size, merkle.subtrees_of(leaves))
    found = _compared(request, proof=_hexes(proof))
    return {**found, "leaf_hash": leaves[index].hex(), "root": merkle.root_of(leaves[:size]).hex()}


def _prove_consistency(request: Request) -> Answer:
    leaves = _leaf_hashes(request)
    first, second = _size(request["first"]), _size(request.get("second", len(leaves)))
    if second > len(leaves):
        raise ValueError(f"the tree has {len(leaves)} leaves, not {second}")
    proof = merkle.prove_consistency(first, second, merkle.subtrees_of(leaves))
    found = _compared(request, proof=_hexes(proof))
    return {
        **found,
        "first_root": merkle.root_of(leaves[:first]).hex(),
        "second_root": merkle.root_of(leaves[:second]).hex(),
    }


def _leaf_hash(request: Request) -> Answer:
    return _compared(request, leaf_hash=merkle.leaf_hash(_bytes(_first(request, "entry", "leaf", "data"))).hex())


def _node(request: Request) -> Answer:
    return _compared(request, node=merkle.node_hash(_hash(request["left"]), _hash(request["right"])).hex())


def _keys(request: Request) -> list[VerifierKey]:
    given = _first(request, "vkey", "vkeys")
    return [VerifierKey.parse(_text(key)) for key in (_list(given) if isinstance(given, list) else [given])]


def _has_keys(request: Request) -> bool:
    return "vkey" in request or "vkeys" in request


def _note(request: Request) -> Answer:
    text, signers = open_note(_text(_first(request, "note", "checkpoint")), _keys(request))
    return {"ok": True, "text": text, "signers": [str(key) for key in signers]}


def _checkpoint(request: Request) -> Answer:
    note = _text(_first(request, "checkpoint", "note"))
    found: Answer = {"signers": []}
    if _has_keys(request):
        text, signers = open_note(note, _keys(request))
        found["signers"] = [str(key) for key in signers]
    else:
        text = split_note(note)[0]
    head = parse_text(text)
    return {"ok": True, "origin": head.origin, "size": head.size, "root": head.root.hex(), **found}


def _ed25519(request: Request) -> Answer:
    key, message = _bytes(_first(request, "key", "public_key")), _bytes(_first(request, "msg", "message"))
    return {"ok": VerifierKey("key", key).verify(message, _bytes(_first(request, "sig", "signature")))}


def _sign(request: Request) -> Answer:
    key = SigningKey.parse(_text(_first(request, "skey", "key")))
    return {**_compared(request, signed=key.sign(_text(request["text"]))), "vkey": str(key.verifier)}


def _jcs(request: Request) -> Answer:
    given = _bytes(request["input_hex"]) if "input_hex" in request else _first(request, "jcs", "input", "json")
    value = canonical.loads(given, doubles=True) if isinstance(given, (str, bytes)) else given
    output = canonical.dumps(value)
    found = _compared(request, output=output.decode())
    if "output_hex" in request:
        found["ok"] = found["ok"] and request["output_hex"] == output.hex()
    return {**found, "output_hex": output.hex()}


def _number(request: Request) -> Answer:
    digits = _text(_first(request, "hex", "double", "number", "ieee"))
    if not re.fullmatch(r"[0-9a-f]{1,16}", digits):
        raise ValueError("a double is written as up to 16 lowercase hexadecimal digits")
    text = canonical.number(struct.unpack(">d", bytes.fromhex(digits.zfill(16)))[0])
    return _compared(request, text=text)


OPERATIONS: dict[str, Callable[[Request], Answer]] = {
    "inclusion": _inclusion,
    "consistency": _consistency,
    "tree": _tree,
    "root": _root,
    "prove_inclusion": _prove_inclusion,
    "prove_consistency": _prove_consistency,
    "leaf_hash": _leaf_hash,
    "node": _node,
    "note": _note,
    "checkpoint": _checkpoint,
    "ed25519": _ed25519,
    "sign": _sign,
    "jcs": _jcs,
    "number": _number,
}

_ALIASES = {
    "verify_inclusion": "inclusion",
    "verify_consistency": "consistency",
    "verify_note": "note",
    "verify_checkpoint": "checkpoint",
    "verify": "ed25519",
    "roots": "tree",
    "subtree": "root",
    "leaf": "leaf_hash",
    "node_hash": "node",
    "canonical": "jcs",
    "canonicalize": "jcs",
    "es6": "number",
    "double": "number",
}
_LEAVES = "leaves|entries|leaf_hashes"
_KNOWN_BY: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("consistency", ("first", "second", "first_root", "second_root", "proof")),
    ("inclusion", ("leaf_hash|leaf|entry", "index|leaf_index", "size|tree_size", "proof", "root")),
    ("prove_consistency", (_LEAVES, "first")),
    ("prove_inclusion", (_LEAVES, "index")),
    ("root", (_LEAVES, "start|end")),
    ("tree", (_LEAVES,)),
    ("note", ("note", "vkey|vkeys")),
    ("checkpoint", ("checkpoint|note",)),
    ("ed25519", ("key|public_key", "msg|message", "sig|signature")),
    ("sign", ("skey|key", "text")),
    ("jcs", ("jcs|input|json|input_hex",)),
    ("number", ("hex|double|number|ieee",)),
    ("node", ("left", "right")),
    ("leaf_hash", ("entry|leaf|data",)),
)
"""Fields by which an operation is known, first match first; `a|b` are spellings of one field."""
