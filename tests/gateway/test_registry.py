"""The registry: manifests are read strictly, and what is wrong is named."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from assistant.errors import ToolError
from assistant.gateway.registry import Registry
from assistant.shipped import shipped
from assistant.types import Effect, Kind, Role

GOOD = """
name = "say_hello"
summary = "Say hello."
can = "Say hello."
cannot = "Anything else."
effect = "read"
program = ["main.py"]
[parameters]
type = "object"
required = ["who"]
[parameters.properties.who]
type = "string"
[args.who]
role = "param"
kind = "text"
[output]
integrity = "untrusted"
confidentiality = "private"
[example]
who = "you"
"""


def put(root: Path, manifest: str = GOOD, name: str = "say_hello") -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "tool.toml").write_text(manifest)
    (folder / "main.py").write_text("def run(args, call):\n    return 'hello'\n")
    return folder


def refused(root: Path) -> str:
    with pytest.raises(ToolError) as caught:
        Registry.load([root])
    return str(caught.value)


class TestLoad:
    def test_reads_a_manifest_into_a_spec(self, tmp_path: Path) -> None:
        put(tmp_path)
        spec = Registry.load([tmp_path]).get("say_hello")
        assert spec.effect is Effect.READ
        assert spec.args["who"].role is Role.PARAM
        assert spec.args["who"].kind is Kind.TEXT
        assert spec.folder == str(tmp_path / "say_hello")

    def test_a_folder_that_does_not_exist_counts_as_empty(self, tmp_path: Path) -> None:
        assert Registry.load([tmp_path / "none"]).all() == ()

    def test_tools_of_a_person_have_the_origin_own(self, tmp_path: Path) -> None:
        put(tmp_path)
        registry = Registry.load([shipped("tools"), tmp_path])
        assert registry.get("say_hello").origin == "own"
        assert registry.get("read_file").origin == "shipped"

    def test_all_are_sorted_by_name(self) -> None:
        names = [spec.name for spec in Registry.load([shipped("tools")]).all()]
        assert names == sorted(names)
        assert len(names) >= 9

    def test_unknown_arguments_are_refused_in_every_schema(self) -> None:
        for spec in Registry.load([shipped("tools")]).all():
            assert spec.parameters["additionalProperties"] is False

    def test_loading_all_shipped_tools_is_quick(self) -> None:
        begin = time.perf_counter()
        Registry.load([shipped("tools")])
        assert time.perf_counter() - begin < 0.25


class TestLookUp:
    def test_find_gives_none_for_an_unknown_name(self) -> None:
        assert Registry().find("read_file") is None

    def test_get_names_the_nearest_tool(self, tmp_path: Path) -> None:
        put(tmp_path)
        with pytest.raises(ToolError, match="did you mean `say_hello`"):
            Registry.load([tmp_path]).get("say_helo")


class TestRefusals:
    """Each message names the file and what to do."""

    def test_a_name_that_two_tools_have(self, tmp_path: Path) -> None:
        put(tmp_path / "one")
        put(tmp_path / "two")
        with pytest.raises(ToolError, match="both define the tool `say_hello`") as caught:
            Registry.load([tmp_path / "one", tmp_path / "two"])
        assert str(tmp_path / "one") in str(caught.value)
        assert str(tmp_path / "two") in str(caught.value)

    def test_a_persons_tool_can_not_take_a_shipped_name(self, tmp_path: Path) -> None:
        put(tmp_path, GOOD.replace("say_hello", "read_file"), "read_file")
        with pytest.raises(ToolError, match="both define the tool `read_file`"):
            Registry.load([shipped("tools"), tmp_path])

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ('summary = "Say', 'sumary = "Say', "did you mean `summary`?"),
            ('effect = "read"', 'effect = "reed"', "reed"),
            ('effect = "read"', "", "effect"),
            ('cannot = "Anything else."', "", "cannot"),
            ("[output]\nintegrity", "[output]\nintegritty", "did you mean `integrity`?"),
            ('can = "Say hello."', 'can = " "', "`can` is empty"),
            ('name = "say_hello"', 'name = "Say-Hello"', "`name` must be small letters"),
            ('name = "say_hello"', 'name = "other"', "they must be the same"),
            ('["main.py"]', '["../main.py"]', "own folder"),
            ('["main.py"]', '["/bin/sh"]', "own folder"),
            ('["main.py"]', '["other.py"]', "does not exist"),
            ('["main.py"]', '["main.py"]\nprotocol = "magic"', "one of json, plain"),
            ('["main.py"]', '["echo", "{whom}"]\nprotocol = "plain"', "is no parameter"),
            ('required = ["who"]', 'required = ["whom"]', "`whom`"),
            ("[args.who]", "[args.whom]", "did you mean `who`?"),
            ('[args.who]\nrole = "param"\nkind = "text"', "", "`args.who` is missing"),
            ('role = "param"', 'role = "parm"', "parm"),
            ("[example]\nwho", "[example]\nwhom", "`example.whom` is no parameter"),
            ('type = "object"', 'type = "object"\nadditionalProperties = true', "can only be false"),
            ('type = "object"', 'type = "array"', "schema of an object"),
            (
                '[parameters.properties.who]\ntype = "string"',
                '[parameters.properties.who]\ntype = "text"',
                "JSON schema",
            ),
            ('effect = "read"', 'effect = "delete"', "what it deletes"),
            ('program = ["main.py"]', "program = [", "can't be read"),
            ('integrity = "untrusted"', 'integrity = "trusted"\nsources = []\n[limits]\nwall_s = "long"', "wall_s"),
        ],
    )
    def test_a_manifest_that_is_wrong(self, tmp_path: Path, old: str, new: str, words: str) -> None:
        assert old in GOOD
        folder = put(tmp_path, GOOD.replace(old, new, 1))
        message = refused(tmp_path)
        assert words in message
        assert str(folder / "tool.toml") in message

    def test_trusted_output_from_the_network(self, tmp_path: Path) -> None:
        put(
            tmp_path,
            GOOD.replace('effect = "read"', 'effect = "fetch"\nhosts = ["example.com"]').replace(
                "untrusted", "trusted"
            ),
        )
        assert "can't be labelled `trusted`" in refused(tmp_path)

    def test_a_program_that_is_a_link_out_of_the_folder(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "tools")
        (folder / "main.py").unlink()
        (tmp_path / "elsewhere.py").write_text("")
        (folder / "main.py").symlink_to(tmp_path / "elsewhere.py")
        assert "leads out" in refused(tmp_path / "tools")

    def test_a_manifest_of_many_megabytes(self, tmp_path: Path) -> None:
        put(tmp_path, GOOD + "# " + "x" * 1_000_000)
        assert "larger than 64 kB" in refused(tmp_path)

    def test_a_manifest_that_is_no_utf8(self, tmp_path: Path) -> None:
        folder = put(tmp_path)
        (folder / "tool.toml").write_bytes(GOOD.encode() + b"# \xff\xfe")
        assert "can't be read" in refused(tmp_path)


class TestCases:
    def test_test_data_is_kept_beside_the_spec(self, tmp_path: Path) -> None:
        put(tmp_path, GOOD + '[[tests]]\nargs = { who = "you" }\nexpects = "hello"\n')
        registry = Registry.load([tmp_path])
        assert registry.cases("say_hello")[0].expects == "hello"
