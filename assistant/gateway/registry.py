"""The tools there are: manifests read strictly, programs never imported.

A manifest that is wrong in any way stops the load: a tool whose effect or roles were misread is worse than none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from assistant.errors import ToolError, nearest, nearest_field
from assistant.gateway.house import VERBS
from assistant.shipped import shipped
from assistant.types import JSON, ArgumentSpec, Data, Effect, Integrity, Label, Limits, Role, ToolSpec
from assistant.visible import one_line

MANIFEST = "tool.toml"
NAME = re.compile(r"[a-z][a-z0-9_]{1,47}\Z")
"""What all providers take as a function's name (OpenAI: 64 of `[a-zA-Z0-9_-]`), with room for a server's prefix."""
MANIFEST_BYTES = 64 * 1024
SUMMARY_CHARACTERS = 300
"""Every request carries the summary of every tool that is on. Chosen."""
PROTOCOLS = ("json", "plain", "process", *VERBS)


class Case(Data, frozen=True):
    """One piece of a manifest's test data: a call, the files it starts from, and what it must come to.

    `expects` must stand in the result's text; `error` is the code it must fail with instead; `leaves` are files, with
    their content, that must be there afterwards.
    """

    args: Mapping[str, JSON]
    files: Mapping[str, str] = {}
    files_base64: Mapping[str, str] = {}
    expects: str = ""
    error: str = ""
    leaves: Mapping[str, str] = {}


class _Manifest(Data, frozen=True):
    """A `tool.toml` file: ToolSpec without what the registry adds, and with the test data."""

    name: str
    summary: str
    can: str
    cannot: str
    effect: Effect
    program: tuple[str, ...]
    parameters: Mapping[str, JSON]
    output: Label
    protocol: str = "json"
    args: Mapping[str, ArgumentSpec] = {}
    limits: Limits = Limits()
    hosts: tuple[str, ...] = ()
    packages: bool = False
    session: bool = False
    desktop: bool = False
    example: Mapping[str, JSON] = {}
    tests: tuple[Case, ...] = ()


class Registry:
    """All tools by name."""

    def __init__(self, specs: Iterable[ToolSpec] = (), cases: Mapping[str, tuple[Case, ...]] | None = None) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._cases = dict(cases or {})

    @classmethod
    def load(cls, folders: Sequence[Path]) -> Registry:
        """Read every `FOLDER/*/tool.toml`. A folder that does not exist counts as empty.

        Tools of `shipped("tools")` have the origin `shipped`, all others `own`. Raises ToolError naming the file for a
        manifest that is not exactly right, and naming both files when two tools have one name.
        """
        specs: dict[str, ToolSpec] = {}
        cases: dict[str, tuple[Case, ...]] = {}
        for folder in folders:
            origin = "shipped" if folder.resolve() == shipped("tools").resolve() else "own"
            for file in sorted(folder.glob(f"*/{MANIFEST}")):
                spec, tests = read_manifest(file, origin)
                if spec.name in specs:
                    other = Path(specs[spec.name].folder) / MANIFEST
                    raise ToolError(
                        f"`{file}` and `{other}` both define the tool `{spec.name}`", hint="rename one of them"
                    )
                specs[spec.name] = spec
                cases[spec.name] = tests
        return cls(specs.values(), cases)

    def find(self, name: str) -> ToolSpec | None:
        """The tool of that name, or None."""
        return self._specs.get(name)

    def get(self, name: str) -> ToolSpec:
        """The tool of that name. Raises ToolError naming the nearest one."""
        spec = self._specs.get(name)
        if spec is None:
            raise ToolError(f"there is no tool `{one_line(name, 60)}`", hint=nearest(name, self._specs))
        return spec

    def all(self) -> tuple[ToolSpec, ...]:
        """Every tool, sorted by name."""
        return tuple(self._specs[name] for name in sorted(self._specs))

    def replace(self, origin: str, specs: Iterable[ToolSpec]) -> list[str]:
        """Set the tools of one origin (a server), none to take them away. Returns the names that another origin holds."""
        kept = {name: spec for name, spec in self._specs.items() if spec.origin != origin}
        wanted = list(specs)
        taken = [spec.name for spec in wanted if spec.name in kept]
        self._specs = kept | {spec.name: spec for spec in wanted if spec.name not in taken}
        return taken

    def cases(self, name: str) -> tuple[Case, ...]:
        """The test data in a tool's manifest."""
        return self._cases.get(name, ())


def read_manifest(file: Path, origin: str) -> tuple[ToolSpec, tuple[Case, ...]]:
    """One manifest, strictly. Raises ToolError naming the file, what is wrong, and the nearest right key."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MANIFEST_BYTES + 1)
        if len(raw) > MANIFEST_BYTES:
            raise ToolError(f"`{file}` is larger than {MANIFEST_BYTES // 1024} kB, which no manifest is")
        tree = tomllib.loads(raw.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ToolError(f"`{file}` can't be read: {error}", hint="see tools/README.md for its form") from error
    try:
        manifest = msgspec.convert(tree, _Manifest)
    except msgspec.ValidationError as error:
        kinds = (_Manifest, ArgumentSpec, Label, Limits, Case)
        hint = nearest_field(str(error), kinds, "see tools/README.md for its form")
        raise ToolError(f"`{file}`: {one_line(str(error), 300)}", hint=hint) from error
    problem = _problem(manifest, file.parent)
    if problem:
        raise ToolError(f"`{file}`: {problem}", hint="see tools/README.md for its form")
    parameters = {**manifest.parameters, "additionalProperties": False}
    if origin != "shipped":
        _check_schema(file, parameters)
    given = {f: getattr(manifest, f) for f in manifest.__struct_fields__ if f not in ("tests", "parameters")}
    return ToolSpec(**given, parameters=parameters, origin=origin, folder=str(file.parent.absolute())), manifest.tests


def _problem(manifest: _Manifest, folder: Path) -> str:
    """What is wrong with a manifest whose types are right, in words; empty when nothing is."""
    if not NAME.match(manifest.name):
        return f"`name` must be small letters, digits and `_`, 2 to 48 of them; it is `{one_line(manifest.name, 60)}`"
    if manifest.name != folder.name:
        return f"`name` is `{manifest.name}`, but the tool's folder is `{one_line(folder.name, 60)}`: they must be the same"
    for key in ("summary", "can", "cannot"):
        if not getattr(manifest, key).strip():
            return f"`{key}` is empty"
    if len(manifest.summary) > SUMMARY_CHARACTERS:
        return f"`summary` has {len(manifest.summary)} characters, more than {SUMMARY_CHARACTERS}: every request carries it"
    if manifest.protocol not in PROTOCOLS:
        return f"`protocol` must be one of {', '.join(PROTOCOLS)}; it is `{one_line(manifest.protocol, 40)}`"
    return _program_problem(manifest, folder) or _argument_problem(manifest)


def _program_problem(manifest: _Manifest, folder: Path) -> str:
    if not manifest.program:
        return "`program` is empty"
    if manifest.protocol == "plain":
        holes = [item[1:-1] for item in manifest.program if item.startswith("{") and item.endswith("}")]
        unknown = [hole for hole in holes if hole not in manifest.parameters.get("properties", {})]
        return f"`program` uses `{{{unknown[0]}}}`, which is no parameter" if unknown else ""
    if manifest.protocol == "process":
        verbs = ("start", "talk", "stop")
        return "" if manifest.program in {(v,) for v in verbs} else f"`program` must be one of {', '.join(verbs)}"
    if verbs := VERBS.get(manifest.protocol):
        effect = verbs.get(manifest.program[0]) if len(manifest.program) == 1 else None
        if effect is None:
            return f"`program` must be one of {', '.join(verbs)}"
        return (
            ""
            if manifest.effect is effect
            else f"`effect` must be `{effect}`: that is what `{manifest.program[0]}` does"
        )
    program = Path(manifest.program[0])
    if len(manifest.program) != 1 or program.is_absolute() or ".." in program.parts or program.suffix != ".py":
        return "`program` must be one Python file of the tool's own folder"
    if not (folder / program).is_file():
        return f"its program `{one_line(str(program), 60)}` does not exist"
    if not (folder / program).resolve().is_relative_to(folder.resolve()):
        return "its program is a link that leads out of the tool's folder"
    return ""


def _argument_problem(manifest: _Manifest) -> str:
    schema = manifest.parameters
    properties = schema.get("properties", {})
    if schema.get("type") != "object" or not isinstance(properties, dict):
        return "`parameters` must be the JSON schema of an object"
    if schema.get("additionalProperties", False) is not False:
        return "`parameters.additionalProperties` can only be false: unknown arguments are always refused"
    names: list[str] = list(properties)  # pyright: ignore[reportUnknownArgumentType]  # JSON
    for name in schema.get("required", []):
        if name not in names:
            return f"`parameters.required` names `{one_line(str(name), 60)}`, which is no parameter"
    for name in manifest.args:
        if name not in names:
            return f"`args.{one_line(name, 60)}` is no parameter; {nearest(name, names)}"
    for name in names:
        if name not in manifest.args:
            return f"`args.{one_line(name, 60)}` is missing: say what the argument means (role and kind)"
    for name in manifest.example:
        if name not in names:
            return f"`example.{one_line(name, 60)}` is no parameter; {nearest(name, names)}"
    if manifest.effect is Effect.DELETE and not any(a.role is Role.TARGET for a in manifest.args.values()):
        return 'a tool that deletes must say by `role = "target"` what it deletes'
    if manifest.hosts and manifest.output.integrity is Integrity.TRUSTED:
        return "what comes over the network can't be labelled `trusted`"
    return ""


def _check_schema(file: Path, parameters: Mapping[str, Any]) -> None:
    import jsonschema_rs  # 20 ms: shipped schemas are checked by a test, only a person's own are checked here

    try:
        jsonschema_rs.validator_for(dict(parameters))
    except (ValueError, jsonschema_rs.ValidationError) as error:
        raise ToolError(
            f"`{file}`: `parameters` is no valid JSON schema: {one_line(str(error), 200)}",
            hint="see https://json-schema.org/understanding-json-schema",
        ) from error
