"""Imports the SDK's client in half the time: its server half is not loaded, and nothing is built that is never met.

The client imports the server only to serve objects of its own process, which never happens here; placeholders stand for those
names. Should another version of the SDK not load so, it is loaded whole.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
from types import ModuleType
from typing import Any

_LEFT_OUT = {
    "mcp.server": ("Server",),
    "mcp.server.mcpserver": ("MCPServer",),
    "mcp.server.runner": ("modern_on_request",),
}
"""Modules and the names that the client imports from them."""


class _Placeholder:
    """Stands for a class that is only ever named, also with parameters."""

    def __class_getitem__(cls, item: object) -> Any:
        return cls


def import_sdk() -> None:
    """Import all of it that the worker uses. 0.25 s instead of 0.6. Does nothing when that is done."""
    if "mcp.client.client" in sys.modules:
        return
    gc.disable()
    from pydantic import BaseModel

    BaseModel.model_config["defer_build"] = True
    try:
        _bare()
        _load()
    except (ImportError, AttributeError, TypeError):
        for name in [n for n in sys.modules if n == "mcp" or n.startswith("mcp.")]:
            del sys.modules[name]
        _load()
    gc.freeze()
    gc.enable()


def _bare() -> None:
    found = importlib.util.find_spec("mcp")
    if found is None or found.submodule_search_locations is None:
        raise ImportError("mcp")
    package = ModuleType("mcp")
    package.__path__ = list(found.submodule_search_locations)
    package.__spec__ = found
    sys.modules["mcp"] = package
    for name, names in _LEFT_OUT.items():
        module: Any = ModuleType(name)
        module.__path__ = []
        for left_out in names:
            setattr(module, left_out, type(left_out, (_Placeholder,), {}))
        sys.modules[name] = module


def _load() -> None:
    import mcp.client.client  # pyright: ignore[reportUnusedImport]
    import mcp.client.streamable_http  # noqa: F401  # pyright: ignore[reportUnusedImport]
