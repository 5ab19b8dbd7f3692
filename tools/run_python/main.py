"""Runs Python as a notebook does: what it prints, the value of its last expression, its figures.

In a session the names stay from call to call; in a single call they don't, and nothing else differs.
"""

from __future__ import annotations

import ast
import itertools
import linecache
import os
import sys
import traceback
from types import ModuleType
from typing import Any

from capture import Capture
from figures import save_figures

from _kit.call import Call

VALUE_CHARACTERS = 20_000

_module = ModuleType("__main__")
_module.__dict__["__builtins__"] = __builtins__
_calls = itertools.count(1)


def run(args: dict[str, Any], call: Call) -> dict[str, Any]:
    """One call: see tool.toml. Code that raises is a result too: its traceback is what the model needs."""
    number = next(_calls)
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.setdefault("MPLCONFIGDIR", "/tmp/matplotlib")
    sys.modules["__main__"] = _module
    if call.folder not in sys.path:
        sys.path.append(call.folder)
    name = f"<call {number}>"
    with Capture(call) as captured:
        failed = _execute(args["code"], name)
        figures = save_figures(call.folder)
    parts = [captured.text(), failed, *(f"[figure saved as {f.name}]" for f in figures)]
    data: dict[str, Any] = {"failed": bool(failed), "call": number}
    if figures:
        data["image"] = {"media_type": "image/png", "data_b64": figures[0].data_b64}
        data["figures"] = [f.name for f in figures]
    text = "\n".join(p.rstrip("\n") for p in parts if p.strip())
    return {"text": text or "[no output]", "data": data, "truncated": captured.cut}


def _execute(code: str, name: str) -> str:
    """Run it; the traceback of what it raised, without our own frames, or nothing."""
    lines = code.splitlines(keepends=True)
    linecache.cache[name] = (len(code), None, lines, name)
    try:
        tree = ast.parse(code, name)
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr):
            body = ast.Module(tree.body[:-1], tree.type_ignores)
            exec(compile(body, name, "exec", dont_inherit=True), _module.__dict__)
            value = eval(compile(ast.Expression(last.value), name, "eval", dont_inherit=True), _module.__dict__)
            if value is not None:
                _module.__dict__["_"] = value
                print(_shown(value))
        else:
            exec(compile(tree, name, "exec", dont_inherit=True), _module.__dict__)
    except SystemExit as error:
        return "" if error.code in (None, 0) else f"[it called exit({error.code!r})]"
    except BaseException as error:  # whatever the code raises is its result
        return _traceback(error, name)
    return ""


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= VALUE_CHARACTERS else f"{text[:VALUE_CHARACTERS]}… [{len(text)} characters]"


def _traceback(error: BaseException, name: str) -> str:
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != name:
        frames = frames.tb_next
    # A syntax error has no frame of the code at all.
    error.__traceback__ = frames
    return "".join(traceback.format_exception(error, limit=-20))
