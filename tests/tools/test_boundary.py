"""The folder boundary is the trust boundary: neither side imports the other."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from assistant.shipped import shipped

CORE = Path(__file__).parent.parent.parent / "assistant"


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
        ):
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def own_modules() -> set[str]:
    return {file.stem for file in shipped("tools").glob("*/*.py")}


class TestBoundary:
    def test_T1_tools_import_nothing_of_the_core(self) -> None:
        files = list(shipped("tools").rglob("*.py"))
        assert len(files) > 10
        for file in files:
            assert not [n for n in imports(file) if n.split(".")[0] == "assistant"], file

    def test_T1_the_core_imports_nothing_of_tools(self) -> None:
        files = list(CORE.rglob("*.py"))
        assert len(files) > 10
        for file in files:
            if "_shipped" in file.parts:
                continue
            assert not [n for n in imports(file) if n.split(".")[0] in ("tools", "_kit", "launch")], file

    def test_tools_without_packages_import_the_standard_library_only(self) -> None:
        import tomllib

        for manifest in shipped("tools").glob("*/tool.toml"):
            if tomllib.loads(manifest.read_text()).get("packages"):
                continue
            for file in manifest.parent.glob("*.py"):
                for name in imports(file):
                    top = name.split(".")[0]
                    known = top in sys.stdlib_module_names or top == "_kit" or (manifest.parent / f"{top}.py").is_file()
                    assert known, f"{file} imports {name}"
