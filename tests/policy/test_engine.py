"""Policies are parsed, validated and layered; what is wrong closes the door."""

from __future__ import annotations

import pytest

from assistant.errors import PolicyError
from assistant.policy.engine import BROKEN, Engine
from assistant.policy.files import Layer, PolicyFile, statements
from assistant.types import Action, Argument, Autonomy, Decision, Effect, Resource, Role
from tests.policy.making import action, delete, mail, make_engine, make_session, plain_engine, run, shipped_files


def file(text: str, layer: Layer = Layer.USER, name: str = "own.cedar") -> PolicyFile:
    return PolicyFile(layer, name, text)


def decide(engine: Engine, asked: Action, autonomy: Autonomy = Autonomy.CONSULTANT) -> Decision:
    session = make_session(autonomy, engine)
    session.said("read notes.txt and write to ann@example.org")
    return session.judge(asked, now_ms=0).decision


READ = action(Effect.READ, "notes.txt")
EVERYTHING = (
    READ,
    action(Effect.WRITE, "notes.txt", staged=True),
    delete("notes.txt"),
    run(["ls"]),
    run(["git", "push"]),
    mail("ann@example.org"),
    action(Effect.FETCH, Resource("host", "example.org")),
    action(Effect.ACT, Resource("service", "bank"), kind="pay"),
    action(Effect.APPLY, Resource("stage", "t1")),
    action(Effect.CONSULT, Resource("model", "a/b")),
    action(Effect.DELEGATE, Resource("task", "t2")),
)


class TestInvariants:
    def test_P1_a_forbid_wins_over_permits_of_every_layer(self) -> None:
        engine = make_engine(
            file('@id("mine") permit(principal, action, resource);'),
            file('@id("org") permit(principal, action, resource);', Layer.ORGANISATION, "org.cedar"),
            file('@id("no") forbid(principal, action == Action::"read", resource);', Layer.PROJECT, "p.cedar"),
        )
        verdict = make_session(engine=engine).judge(READ, now_ms=0)
        assert (verdict.decision, verdict.policies) == (Decision.DENY, ("no",))

    def test_P2_ask_is_denied_without_a_yes_and_allowed_with_it(self) -> None:
        engine = make_engine(
            file('@id("ask-reads") forbid(principal, action == Action::"read", resource) unless { context.approved };')
        )
        verdict = make_session(engine=engine).judge(READ, now_ms=0)
        assert verdict.decision is Decision.ASK
        assert "ask-reads" in verdict.policies

    def test_P3_what_matches_nothing_is_denied(self) -> None:
        odd = action(Effect.READ, Resource("weird", "x"))
        assert decide(plain_engine(), odd) is Decision.DENY

    def test_P3_a_policy_that_errors_denies(self) -> None:
        engine = make_engine(
            file(
                '@id("overflow") forbid(principal, action, resource) '
                "when { context.count + 9223372036854775807 > 0 && context.count > 100 };"
            )
        )
        verdict = make_session(engine=engine).judge(READ, now_ms=0)
        assert verdict.decision is Decision.DENY
        assert "could not be evaluated" in verdict.reason

    def test_P3_a_fact_of_a_wrong_type_counts_as_the_strict_side(self) -> None:
        assert decide(plain_engine(), action(Effect.WRITE, "a", staged="yes")) is Decision.ASK
        assert decide(plain_engine(), action(Effect.READ, "a", outside="no")) is Decision.DENY

    def test_P4_a_project_may_not_permit_but_its_forbids_hold(self) -> None:
        engine = make_engine(
            file(
                '@id("a") permit(principal, action, resource);\n'
                '@id("b") forbid(principal, action == Action::"execute", resource);',
                Layer.PROJECT,
            )
        )
        assert [str(p) for p in engine.problems] == [
            "project/own.cedar:1: a project's policies may only forbid, so this permit is ignored"
        ]
        assert decide(engine, run(["ls"])) is Decision.DENY
        assert decide(engine, action(Effect.APPLY, "a")) is Decision.ASK

    @pytest.mark.parametrize("layer", [Layer.ORGANISATION, Layer.USER, Layer.PROJECT])
    def test_P4_a_broken_file_closes_the_door_and_says_where(self, layer: Layer) -> None:
        engine = make_engine(file("// mine\n\nforbid(principal, action, resourse);", layer))
        assert engine.problems[0].line == 3
        for asked in EVERYTHING:
            verdict = make_session(Autonomy.OBSERVER, engine).judge(asked, now_ms=0)
            assert verdict.decision is Decision.DENY, asked
            assert verdict.policies == (BROKEN,)
        assert f"{layer}/own.cedar:3" in verdict.reason

    def test_P4_a_pack_of_the_person_with_a_shipped_name_only_adds(self) -> None:
        engine = make_engine(
            file('@id("more") forbid(principal, action == Action::"read", resource);', name="packs/offline.cedar"),
            file("offline\n", name="packs"),
        )
        assert decide(engine, READ) is Decision.DENY
        assert decide(engine, mail("ann@example.org")) is Decision.DENY

    def test_P5_a_duplicate_id_breaks_the_later_file(self) -> None:
        engine = make_engine(file('@id("never-two-signs") forbid(principal, action == Action::"read", resource);'))
        assert "already used at shipped/base.cedar" in str(engine.problems[0])
        assert decide(engine, READ) is Decision.DENY


class TestEngine:
    def test_the_shipped_policies_have_no_problems(self) -> None:
        assert plain_engine().problems == ()

    def test_every_shipped_policy_has_an_id_and_permits_and_forbids_a_reason(self) -> None:
        engine = plain_engine()
        groups = (engine.common, *engine.levels.values(), *engine.packs.values())
        for policy in (p for group in groups for p in group):
            assert "#" not in policy.id
            assert policy.reason or policy.template, policy.id

    def test_shipped_packs_only_forbid(self) -> None:
        assert not any(p.permit for pack in plain_engine().packs.values() for p in pack)

    def test_a_wrong_shipped_file_is_an_error(self) -> None:
        with pytest.raises(PolicyError, match=r"shipped/x.cedar:1"):
            make_engine(file("forbid(principal, action, resource)", Layer.SHIPPED, "x.cedar"))

    def test_a_missing_level_is_an_error(self) -> None:
        with pytest.raises(PolicyError, match="observer"):
            Engine.build([f for f in shipped_files() if f.name != "autonomy/observer.cedar"])

    @pytest.mark.parametrize(
        ("text", "line", "hint"),
        [
            ('@id("a")\nfobid(principal, action, resource);', 2, "did you mean `forbid`?"),
            ("forbid(principal, action, resource)\n  when { context.aproved };", 2, "did you mean `approved`?"),
            ('\nforbid(principal, action == Action::"sned", resource);', 2, "did you mean `send`?"),
            ('forbid(principal, action, resource) when { context.tool == "x };', 1, "quote"),
        ],
    )
    def test_a_mistake_is_shown_with_its_line_and_a_suggestion(self, text: str, line: int, hint: str) -> None:
        problem = make_engine(file(text)).problems[0]
        assert problem.line == line
        assert hint in problem.hint

    def test_an_unknown_pack_closes_the_door_with_a_suggestion(self) -> None:
        engine = make_engine(file("ofline\n", name="packs"))
        assert "did you mean `offline`?" in str(engine.problems[0])
        assert decide(engine, READ) is Decision.DENY

    def test_a_pack_for_one_task(self) -> None:
        session = plain_engine().session(make_session()._task, packs=["read-only"])
        assert session.judge(action(Effect.WRITE, "a", staged=True), now_ms=0).decision is Decision.DENY
        with pytest.raises(PolicyError, match="no pack"):
            plain_engine().session(make_session()._task, packs=["redonly"])

    def test_groups_of_actions_hold_without_the_schema(self) -> None:
        """`pay`, `book` and `admin` are `act`, also in requests."""
        engine = make_engine(file('@id("no-act") forbid(principal, action in Action::"act", resource);'))
        for kind in ("pay", "book", "admin", ""):
            asked = action(Effect.ACT, Resource("service", "s"), kind=kind)
            assert decide(engine, asked) is Decision.DENY

    def test_a_policy_may_look_at_the_task(self) -> None:
        engine = make_engine(
            file('@id("by-kit") forbid(principal, action, resource) when { principal.kit == "look" };')
        )
        assert decide(engine, READ) is Decision.DENY

    def test_folders_hosts_and_commands_have_ancestors(self) -> None:
        engine = make_engine(
            file(
                '@id("f") forbid(principal, action, resource in Folder::"/home/me/project/src");\n'
                '@id("h") forbid(principal, action, resource in Host::"example.com");\n'
                '@id("c") forbid(principal, action, resource in Command::"git push");'
            )
        )
        for asked in (
            action(Effect.READ, "src/a/b.py"),
            mail("x@mail.example.com"),
            run(["/usr/bin/git", "-C", "x", "push"]),
            run(["cat", "src/a.py"]),
        ):
            assert decide(engine, asked) is Decision.DENY, asked
        assert decide(engine, action(Effect.READ, "srcs/a")) is Decision.ALLOW

    def test_statements_are_split_outside_strings_and_comments(self) -> None:
        found = statements('// a; b\n@id("x;y") permit(a);\n\n  forbid(b) when { "\\";" };\nrest')
        assert [(s.line, s.text[:6]) for s in found] == [(2, '@id("x'), (4, "forbid"), (5, "rest")]

    def test_the_name_of_a_policy_set_changes_with_everything_that_matters(self) -> None:
        session = make_session()
        names = {session.policy_set_sha256, make_session(Autonomy.OPERATOR).policy_set_sha256}
        names.add(make_session(packs=("offline",)).policy_set_sha256)
        names.add(make_session(engine=make_engine(file("// nothing"))).policy_set_sha256)
        assert len(names) == 4


class TestPayload:
    def test_arguments_are_traced_for_the_person(self) -> None:
        session = make_session()
        session.said("write to ann@example.org")
        asked = action(Effect.SEND, Resource("service", "m"), Argument("to", "ann@example.org", Role.DEST))
        assert session.judge(asked, now_ms=0).traces[0].note == "you wrote it"
