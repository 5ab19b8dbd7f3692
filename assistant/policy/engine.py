"""All policy files of an installation, parsed, validated and layered; opens the Session that judges a task's actions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from assistant.errors import PolicyError, nearest
from assistant.policy.book import PolicyBook
from assistant.policy.cedar import Policy, Schema, parse_file, validate
from assistant.policy.files import Layer, PolicyFile, Problem, sha256
from assistant.types import Autonomy, Task

if TYPE_CHECKING:
    from assistant.policy.session import Session

BROKEN = "broken-policies"
"""`@id` of the policy that stands in for files that can't be read."""


class Engine:
    """Policies that can be asked. Immutable; build a new one when a file changed and hand it to `Session.use`.

    A shipped file that is wrong raises, since then the installation is. A wrong file of any other layer closes the
    door: a forbid over everything stands in for it until it is mended, so that a slip never weakens anything.
    `problems` says what is wrong, for the person.
    """

    def __init__(
        self,
        *,
        schema: Schema,
        common: tuple[Policy, ...],
        levels: dict[Autonomy, tuple[Policy, ...]],
        packs: dict[str, tuple[Policy, ...]],
        enabled: tuple[str, ...],
        problems: tuple[Problem, ...],
        sha256: str,
    ) -> None:
        self.schema = schema
        self.common = common
        self.levels = levels
        self.packs = packs
        self.enabled = enabled
        """Packs that the files turn on."""
        self.problems = problems
        self.sha256 = sha256
        self._books: dict[tuple[Autonomy, tuple[str, ...], tuple[Policy, ...]], PolicyBook] = {}

    @classmethod
    def build(cls, files: Sequence[PolicyFile]) -> Engine:
        """Parse, validate and layer `files`.

        Raises PolicyError when the shipped files are incomplete or wrong; the message names file, line and a suggestion.
        """
        return _Build(files).engine()

    def session(self, task: Task, *, packs: Sequence[str] = ()) -> Session:
        """The judge of one task. `packs` are turned on for it besides those of the files.

        Raises PolicyError for a pack that doesn't exist.
        """
        from assistant.policy.session import Session  # the session needs the engine's type

        return Session(self, task, packs=packs)

    def book(self, autonomy: Autonomy, packs: Sequence[str] = (), extra: tuple[Policy, ...] = ()) -> PolicyBook:
        """The policies that hold at a level with these packs and a task's own forbid policies."""
        names = tuple(sorted({*self.enabled, *packs}))
        for name in names:
            if name not in self.packs:
                raise PolicyError(f"there is no pack `{name}`", hint=nearest(name, sorted(self.packs), "packs"))
        key = (autonomy, names, extra)
        if key not in self._books:
            if len(self._books) > 64:
                self._books.clear()
            chosen = (*self.common, *self.levels[autonomy], *(p for n in names for p in self.packs[n]), *extra)
            self._books[key] = PolicyBook(chosen)
        return self._books[key]

    def policy(self, policy_id: str) -> Policy | None:
        """The policy with this `@id`, from any level or pack."""
        groups = (self.common, *self.levels.values(), *self.packs.values())
        return next((p for group in groups for p in group if p.id == policy_id), None)

    def parse_boundary(self, text: str, file: str = "boundary") -> tuple[Policy, ...]:
        """Forbid policies of a boundary. Raises PolicyError when the text does not parse, validate, or permits."""
        found, problems = parse_file(PolicyFile(Layer.USER, file, text))
        problems = problems or validate(found, self.schema)
        if problems:
            raise PolicyError(str(problems[0]), hint="a boundary is one forbid policy")
        if not found or any(p.permit or p.template for p in found):
            raise PolicyError("a boundary may only forbid", hint="write `forbid (...)`")
        return tuple(found)


@lru_cache(maxsize=256)
def _checked(file: PolicyFile, schema: str) -> tuple[tuple[Policy, ...], tuple[Problem, ...]]:
    """The policies of one file and what is wrong with it. Most files stay as they are when one changes."""
    found, problems = parse_file(file)
    return tuple(found), tuple(problems or validate(found, _schema(schema)))


@lru_cache(maxsize=4)
def _schema(text: str) -> Schema:
    return Schema(text)


class _Build:
    """Sorts files into levels, packs and the common rest, and collects what is wrong."""

    def __init__(self, files: Sequence[PolicyFile]) -> None:
        order = list(Layer)
        self.files = sorted(files, key=lambda f: order.index(f.layer))
        self.problems: list[Problem] = []
        self.seen: dict[str, str] = {}
        self.schema = self._schema()

    def engine(self) -> Engine:
        common: list[Policy] = []
        levels: dict[Autonomy, tuple[Policy, ...]] = {}
        packs: dict[str, tuple[Policy, ...]] = {}
        wanted: list[tuple[str, PolicyFile, int]] = []
        for file in self.files:
            kind, _, rest = file.name.partition("/")
            if file.name == "packs":
                wanted += [(w, file, n) for n, w in enumerate(map(str.strip, file.text.splitlines()), 1) if w]
                continue
            if not file.name.endswith(".cedar"):
                continue
            found = tuple(self._policies(file))
            if file.layer is Layer.SHIPPED and kind == "autonomy":
                levels[Autonomy(rest.removesuffix(".cedar"))] = found
            elif file.layer is not Layer.PROJECT and kind == "packs":
                name = rest.removesuffix(".cedar")
                packs[name] = (*packs.get(name, ()), *found)  # adding to a shipped pack never replaces it
            else:
                common += found
        enabled = self._enabled(wanted, packs)
        missing = [level.value for level in Autonomy if level not in levels]
        if missing:
            raise PolicyError(f"the installation has no policies for the level `{missing[0]}`", hint="install it again")
        if any(p.broken for p in self.problems):
            common.append(self._stand_in())
        return Engine(
            schema=self.schema,
            common=tuple(common),
            levels=levels,
            packs=packs,
            enabled=tuple(enabled),
            problems=tuple(self.problems),
            sha256=sha256(self.files),
        )

    def _schema(self) -> Schema:
        for file in self.files:
            if file.layer is Layer.SHIPPED and file.name == "schema.cedarschema":
                schema = _schema(file.text)
                try:
                    _ = schema.handle
                except ValueError as error:
                    raise PolicyError(f"{file.path}: the schema does not parse: {error}") from error
                return schema
        raise PolicyError("the installation has no policy schema", hint="install it again")

    def _policies(self, file: PolicyFile) -> list[Policy]:
        found, wrong = _checked(file, self.schema.text)
        problems = list(wrong) or self._duplicates(found)
        if problems:
            if file.layer is Layer.SHIPPED:
                raise PolicyError(str(problems[0]), hint="the installation is damaged; install it again")
            self.problems += problems
            return []
        for policy in found:
            self.seen[policy.id] = f"{policy.file}:{policy.line}"
        return self._permitted(file, found)

    def _permitted(self, file: PolicyFile, found: Sequence[Policy]) -> list[Policy]:
        """Drop what a layer may not do: a project permits nothing, a pack only forbids, templates are shipped."""
        kept: list[Policy] = []
        for policy in found:
            refused = ""
            if file.layer is Layer.PROJECT and (policy.permit or policy.template):
                refused = "a project's policies may only forbid, so this permit is ignored"
            elif file.layer is not Layer.SHIPPED and policy.template:
                refused = "templates are for grants and come with the installation, so this one is ignored"
            elif file.name.startswith("packs/") and policy.permit:
                refused = "a pack may only forbid, so this permit is ignored"
            if refused:
                self.problems.append(Problem(policy.file, policy.line, refused, broken=False))
            else:
                kept.append(policy)
        return kept

    def _duplicates(self, found: Sequence[Policy]) -> list[Problem]:
        problems: list[Problem] = []
        here: dict[str, str] = {}
        for policy in found:
            earlier = self.seen.get(policy.id) or here.get(policy.id)
            if earlier:
                message = f"the id `{policy.id}` is already used at {earlier}"
                problems.append(Problem(policy.file, policy.line, message, "give each policy its own `@id`"))
            here[policy.id] = f"{policy.file}:{policy.line}"
        return problems

    def _enabled(self, wanted: list[tuple[str, PolicyFile, int]], packs: dict[str, tuple[Policy, ...]]) -> list[str]:
        enabled: list[str] = []
        for name, file, line in wanted:
            if name.startswith("#"):
                continue
            if name in packs:
                enabled.append(name)
            else:
                self.problems.append(
                    Problem(file.path, line, f"there is no pack `{name}`", nearest(name, sorted(packs), "packs"))
                )
        return enabled

    def _stand_in(self) -> Policy:
        first = next(p for p in self.problems if p.broken)
        where = f"{first.file}:{first.line}".replace("\\", "/").replace('"', "'")
        reason = f"a policy file is broken and must be mended first: {where}"
        text = f'@id("{BROKEN}")\nforbid(principal, action, resource);'
        return Policy(BROKEN, Layer.SHIPPED, first.file, first.line, text, permit=False, reason=reason, code="refused")
