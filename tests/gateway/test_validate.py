"""A model's arguments are untrusted, their JSON too."""

from __future__ import annotations

import pytest

from assistant.gateway.validate import MAX_ARGUMENT_BYTES, InvalidCallError, Validator, parse_object
from assistant.types import Effect, ToolSpec

SPEC = ToolSpec(
    "demo",
    "",
    Effect.READ,
    ("main.py",),
    {
        "type": "object",
        "required": ["path"],
        "additionalProperties": False,
        "properties": {"path": {"type": "string"}, "lines": {"type": "integer", "minimum": 1}},
    },
)


class TestParse:
    def test_no_text_is_an_empty_object(self) -> None:
        assert parse_object("") == {}
        assert parse_object("  \n") == {}

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ('{"path": "a', "not valid JSON"),
            ("[1]", "one JSON object"),
            ('"x"', "one JSON object"),
            ('{"a": 1, "a": 2}', "twice"),
            ('{"a": NaN}', "NaN"),
            ('{"a": "\\ud800"}', "surrogate"),
            ("[" * 100 + "]" * 100, "nested"),
            ('{"a":' * 100000, "nested"),
        ],
    )
    def test_broken_json_is_refused_in_words(self, text: str, says: str) -> None:
        with pytest.raises(InvalidCallError, match=says):
            parse_object(text)

    def test_brackets_inside_text_are_not_nesting(self) -> None:
        assert parse_object('{"a": "' + "[" * 1000 + '"}')["a"] == "[" * 1000

    def test_ten_megabytes_are_refused_with_both_sizes(self) -> None:
        with pytest.raises(InvalidCallError, match=str(MAX_ARGUMENT_BYTES)):
            parse_object('{"a": "' + "x" * 10_000_000 + '"}')


class TestSchema:
    def test_good_arguments_pass_unchanged(self) -> None:
        assert Validator().check(SPEC, '{"path": "a.txt", "lines": 3}') == {"path": "a.txt", "lines": 3}

    def test_an_unknown_key_is_refused_with_the_nearest_known_one(self) -> None:
        with pytest.raises(InvalidCallError, match="did you mean `path`"):
            Validator().check(SPEC, '{"pth": "a.txt"}')

    @pytest.mark.parametrize("text", ['{"path": 3}', '{"path": "a", "lines": 0}', '{"path": "a", "lines": "3"}', "{}"])
    def test_wrong_types_and_missing_keys_are_refused(self, text: str) -> None:
        with pytest.raises(InvalidCallError):
            Validator().check(SPEC, text)

    def test_hostile_keys_are_shown_visibly(self) -> None:
        with pytest.raises(InvalidCallError) as caught:
            Validator().check(SPEC, '{"\\u001b[31m\\u202e": 1}')
        assert "\x1b" not in str(caught.value)
        assert "\u202e" not in str(caught.value)
