"""Examples printed in the specifications themselves, for where the larger sets of vectors are not beside the checkout."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.audit.calculator import answer


def ask(**request: Any) -> dict[str, Any]:
    return answer(json.dumps(request))


def test_the_note_of_c2sp_signed_note() -> None:
    """c2sp.org/signed-note, "Example"."""
    vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    note = (
        "This is an example message.\n\n— example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    assert ask(note=note, vkey=vkey) == {"ok": True, "text": "This is an example message.\n", "signers": [vkey]}
    for spoilt in (note[:-1], note.replace("\n", "\r\n"), note + "\n", "\ufeff" + note, note.replace("— ", "- ")):
        assert ask(note=spoilt, vkey=vkey)["ok"] is False


def test_a_checkpoint_of_the_go_checksum_database() -> None:
    """github.com/transparency-dev/formats, log/checkpoint tests: a tree head that sum.golang.org has signed."""
    note = (
        "go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n— sum.golang.org "
        "Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=\n"
    )
    vkey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    found = ask(checkpoint=note, vkey=vkey)
    assert (found["ok"], found["origin"], found["size"]) == (True, "go.sum database tree", 6476701)
    assert ask(checkpoint=note.replace("6476701", "6476702"), vkey=vkey)["ok"] is False


@pytest.mark.parametrize(
    ("double", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555554", "333333333.33333325"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_numbers_of_rfc_8785_appendix_b(double: str, text: str) -> None:
    assert ask(hex=double)["text"] == text


@pytest.mark.parametrize("double", ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])
def test_what_rfc_8785_appendix_b_refuses(double: str) -> None:
    assert ask(hex=double)["ok"] is False


def test_names_are_sorted_by_utf_16_as_in_rfc_8785() -> None:
    """Section 3.2.3: the pair of surrogates of an emoji comes before U+FB33."""
    text = (
        '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",'
        '"\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}'
    )
    values = list(json.loads(ask(input=text)["output"]).values())
    assert [value.split()[0] for value in values] == ["Carriage", "One", "Control", "Latin", "Euro", "Emoji:", "Hebrew"]


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
)
def test_signatures_of_rfc_8032(key: str, message: str, signature: str) -> None:
    """Section 7.1, tests 1 and 2; and what must not pass for them."""
    assert ask(key=key, msg=message, sig=signature)["ok"] is True
    assert ask(key=key, msg=message + "00", sig=signature)["ok"] is False
    order = 2**252 + 27742317777372353535851937790883648493
    more = int.from_bytes(bytes.fromhex(signature[64:]), "little") + order
    assert ask(key=key, msg=message, sig=signature[:64] + more.to_bytes(32, "little").hex())["ok"] is False


def test_the_empty_tree_and_one_leaf_of_rfc_6962() -> None:
    """Section 2.1: the hash of an empty list is that of an empty string, a leaf is hashed with 0x00 before it."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert ask(leaves=[])["root"] == empty
    assert ask(leaves=[""])["root"] == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    proof = {"first": 0, "second": 0, "first_root": empty, "second_root": empty, "proof": []}
    assert ask(**proof)["ok"] is True
    assert ask(**{**proof, "second": 1})["ok"] is False
