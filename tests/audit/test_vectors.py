"""Published test vectors, through `python -m assistant.audit` as a stranger would run them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assistant.audit import merkle

JSON = dict[str, Any]


def calculate(requests: list[JSON | str]) -> list[JSON]:
    """One process, one line a request."""
    lines = [r if isinstance(r, str) else json.dumps(r) for r in requests]
    done = subprocess.run(
        [sys.executable, "-m", "assistant.audit"],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(requests)
    return answers


def read(file: Path) -> list[JSON]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("merkle/inclusion.jsonl", 43),
        ("merkle/consistency.jsonl", 48),
        ("merkle/real_log_inclusion.jsonl", 6),
        ("notes/notes.jsonl", 34),
        ("ed25519/wycheproof_odd.jsonl", 76),
    ],
)
def test_each_probe_is_answered_as_published(shared: Path, name: str, count: int) -> None:
    probes = read(shared / "vectors" / name)
    assert len(probes) == count
    for probe, answer in zip(probes, calculate(list(probes)), strict=True):
        assert answer["ok"] == probe["ok"], probe.get("name", probe)


def test_the_published_tree_has_our_nodes_and_roots(shared: Path) -> None:
    tree = json.loads((shared / "vectors/merkle/tree.json").read_text())
    (answer,) = calculate([{"leaves": tree["leaves"]}])
    assert answer["node_hashes_by_level"] == tree["node_hashes_by_level"]
    assert answer["root_by_size"] == tree["root_by_size"]


def test_the_published_proofs_are_ours(shared: Path) -> None:
    leaves = json.loads((shared / "vectors/merkle/tree.json").read_text())["leaves"]
    proofs = json.loads((shared / "vectors/merkle/proofs.json").read_text())
    cases = [*proofs["inclusion"], *proofs["consistency"]]
    answers = calculate([{"leaves": leaves, **{k: v for k, v in case.items() if k != "proof"}} for case in cases])
    assert [answer["proof"] for answer in answers] == [case["proof"] for case in cases]


def test_every_subtree_of_130_leaves_has_the_published_root(shared: Path) -> None:
    published = json.loads((shared / "vectors/merkle/accumulated_subtree_hashes.json").read_text())
    subtree = merkle.subtrees_of([merkle.leaf_hash(bytes([i])) for i in range(130)])
    lines = hashlib.sha256()
    for end in range(131):
        for start in range(end + 1):
            size = end - start
            if start in (0, end) or start % (1 << (size - 1).bit_length()) == 0:
                lines.update(f"[{start}, {end}) {subtree(start, end).hex()}\n".encode())
    assert lines.hexdigest() == published["sha256_of_all_lines"]


def test_the_published_key_signs_the_published_note(shared: Path) -> None:
    case = json.loads((shared / "vectors/notes/sign.json").read_text())
    (answer,) = calculate([{"skey": case["skey"], "text": case["text"]}])
    assert answer["signed"] == case["signed"]


def test_canonical_json_is_as_published(shared: Path) -> None:
    folder = shared / "vectors/jcs"
    names = sorted(p.name for p in (folder / "input").iterdir())
    answers = calculate([{"input": (folder / "input" / name).read_text(encoding="utf-8")} for name in names])
    for name, answer in zip(names, answers, strict=True):
        assert bytes.fromhex(answer["output_hex"]) == (folder / "output" / name).read_bytes(), name


def test_numbers_are_written_as_published(shared: Path) -> None:
    lines = [line.split(",") for line in (shared / "vectors/jcs/es6_numbers_1000.txt").read_text().split()]
    answers = calculate([{"hex": digits} for digits, _ in lines])
    assert [answer["text"] for answer in answers] == [text for _, text in lines]


class TestStrictness:
    @pytest.mark.parametrize(
        "line",
        [
            "nonsense",
            "[]",
            "12",
            "{}",
            '{"a":1,"a":2}',
            '{"op":"number","hex":"zz"}',
            '{"op":"number","hex":"7ff0000000000000"}',
            '{"op":"number","hex":"7ff8000000000000"}',
            '{"op":"nothing"}',
            '{"op":["inclusion"]}',
            '{"op":"inclusion"}',
            '{"input":"{\\"a\\":1,\\"a\\":2}"}',
            '{"input":"{\\"a\\":{\\"b\\":1,\\"c\\":2,\\"b\\":3}}"}',
            '{"input":"\\"\\\\ud800\\""}',
            '{"input":"\\"\\\\udc00\\\\ud800\\""}',
            '{"input":"{\\"\\\\ud800\\":1}"}',
            '{"input":"NaN"}',
            '{"input":"-Infinity"}',
            '{"input":"1e999"}',
            '{"input":"[1,]"}',
            '{"input":"01"}',
            '{"input":"\\u00a01"}',
            '{"input":"\\ufeff1"}',
            '{"input":"1 2"}',
            '{"input":"\\"\\u0001\\""}',
            '{"input_hex":"22ff22"}',
            '{"input_hex":"22eda08022"}',
            '{"leaf_hash":"' + "A" * 64 + '","index":0,"size":1,"proof":[],"root":"' + "A" * 64 + '"}',
            '{"leaf_hash":"' + "0" * 62 + '","index":0,"size":1,"proof":[],"root":"' + "0" * 62 + '"}',
            '{"leaf_hash":"' + "0" * 64 + '","index":-1,"size":1,"proof":[],"root":"' + "0" * 64 + '"}',
            '{"leaf_hash":"' + "0" * 64 + '","index":false,"size":true,"proof":[],"root":"' + "0" * 64 + '"}',
            '{"leaf_hash":"' + "0" * 64 + '","index":0.0,"size":1,"proof":[],"root":"' + "0" * 64 + '"}',
            '{"leaf_hash":"' + "0" * 64 + '","index":0,"size":1,"proof":{},"root":"' + "0" * 64 + '"}',
            '{"left":"00","right":"00"}',
            '{"note":5,"vkey":"x"}',
            '{"note":"a\\n\\n\\u2014 b c\\n","vkey":[]}',
            '{"key":"00","msg":"","sig":""}',
            '{"leaves":["00"],"index":1}',
            '{"leaves":["00"],"first":0,"second":1}',
            '{"leaves":["0"]}',
            '{"op":"checkpoint","checkpoint":"o\\n18446744073709551616\\n'
            + "A" * 43
            + '=\\n\\n\u2014 a AAAAAAAAAAAA\\n"}',
            '{"op":"checkpoint","checkpoint":"o\\n01\\n' + "A" * 43 + '=\\n\\n\u2014 a AAAAAAAAAAAA\\n"}',
            '{"op":"checkpoint","checkpoint":"o\\n1\\n' + "A" * 42 + 'B=\\n\\n\u2014 a AAAAAAAAAAAA\\n"}',
            '{"op":"checkpoint","checkpoint":"o\\n1\\n' + "A" * 43 + '=\\n\\n\u2014 a AAAAAAAAAAAB"}',
            "[" * 100_000,
            '{"input":' + json.dumps("[" * 100_000) + "}",
        ],
    )
    def test_A9_malformed_input_is_refused_and_said(self, line: str) -> None:
        from assistant.audit.calculator import answer

        found = answer(line)
        assert found["ok"] is False
        assert found["error"]

    def test_a_bad_line_does_not_stop_the_next(self) -> None:
        answers = calculate(
            ["nonsense", {"id": 7, "op": "leaf_hash", "entry": ""}, "[" * 200_000, {"op": "leaf_hash", "entry": ""}]
        )
        assert [a["ok"] for a in answers] == [False, True, False, True]
        assert answers[1]["id"] == 7

    def test_the_largest_size_is_read(self) -> None:
        from assistant.audit.calculator import answer

        note = f"o\n{2**64 - 1}\n{'A' * 43}=\n\n\u2014 a AAAAAAAAAAAA\n"
        assert answer(json.dumps({"op": "checkpoint", "checkpoint": note}))["size"] == 2**64 - 1

    def test_a_checkpoint_beside_a_proof_must_tell_its_size_and_root(self, shared: Path) -> None:
        from assistant.audit.calculator import answer

        (probe,) = [p for p in read(shared / "vectors/merkle/real_log_inclusion.jsonl") if "rekor-v2" in p["name"]]
        assert answer(json.dumps(probe))["ok"] is True
        origin, size, rest = probe["checkpoint"].split("\n", 2)
        other = f"{origin}\n{int(size) + 1}\n{rest}"
        assert answer(json.dumps({**probe, "checkpoint": other}))["ok"] is False
        assert answer(json.dumps({**probe, "checkpoint": "nonsense"}))["ok"] is False

    def test_an_answer_is_one_line_to_every_reader(self) -> None:
        texts = ["\u2028", "\u2029", "\u0085", "\u007f"]
        answers = calculate([{"input": json.dumps(text, ensure_ascii=False)} for text in texts])
        assert [a["output"] for a in answers] == [f'"{text}"' for text in texts]

    @pytest.mark.parametrize("depth", [200, 300, 1000, 3000])
    def test_deep_nesting_is_canonical_too(self, depth: int) -> None:
        (arrays, objects) = calculate(
            [{"input": "[ " * depth + "]" * depth}, {"input": '{ "a":' * depth + "1.0" + "}" * depth}]
        )
        assert arrays["output"] == "[" * depth + "]" * depth
        assert objects["output"] == '{"a":' * depth + "1" + "}" * depth

    def test_what_a_request_expects_is_compared(self) -> None:
        from assistant.audit.calculator import answer

        assert answer('{"hex":"0","text":"0"}')["ok"] is True
        assert answer('{"hex":"0","text":"1"}')["ok"] is False
        assert answer('{"leaves":["00"],"root":"' + "0" * 64 + '"}')["ok"] is False
