"""Signed notes, cosignatures and checkpoints."""

from __future__ import annotations

import pytest

from assistant.audit.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from assistant.audit.merkle import EMPTY_ROOT
from assistant.audit.note import COSIGNATURE, NoteError, SigningKey, VerifierKey, new_signing_key, open_note

KEY = new_signing_key("example.com/log")
OTHER = new_signing_key("example.com/log")
TEXT = "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


class TestKeys:
    def test_both_kinds_of_keys_read_what_they_write(self) -> None:
        assert VerifierKey.parse(str(KEY.verifier)) == KEY.verifier
        assert SigningKey.parse(KEY.encode()).verifier == KEY.verifier

    def test_a_signing_key_does_not_show_its_secret(self) -> None:
        assert KEY.encode().split("+", 4)[4] not in repr(KEY)

    @pytest.mark.parametrize("name", ["", "with space", "with+plus", "with\u2003space", "a\x01b", "a\x85b", "\udc80"])
    def test_a_name_without_spaces_and_plus_is_needed(self, name: str) -> None:
        with pytest.raises(NoteError):
            new_signing_key(name)


class TestNotes:
    def test_a_signature_of_a_known_key_that_fails_refuses_the_note(self) -> None:
        note = KEY.sign(TEXT)
        forged = note + new_signing_key("x").signature_line(TEXT)
        assert open_note(forged, [KEY.verifier])[1] == [KEY.verifier]
        spoilt = f"{TEXT}\n{KEY.signature_line('other text')}{OTHER.signature_line(TEXT)}"
        with pytest.raises(NoteError, match="does not hold"):
            open_note(spoilt, [KEY.verifier, OTHER.verifier])

    def test_a_key_of_the_same_name_is_another_key(self) -> None:
        with pytest.raises(NoteError, match="no known key"):
            open_note(KEY.sign(TEXT), [OTHER.verifier])

    def test_a_signature_has_one_spelling(self) -> None:
        """68 bytes leave bits over in base64's last digit: whoever sets them must not pass unnoticed."""
        note = KEY.sign(TEXT)
        last = note[-3]
        respelt = note[:-3] + chr(ord(last) + 1) + note[-2:]
        with pytest.raises(NoteError, match="canonical"):
            open_note(respelt, [KEY.verifier])

    def test_two_keys_of_one_name_and_id_vouch_for_nothing(self) -> None:
        """Four bytes can be made to collide; neither key may hide the other."""
        double = VerifierKey(KEY.verifier.name, OTHER.verifier.public)
        double.id = KEY.verifier.id
        with pytest.raises(NoteError, match="two different keys"):
            open_note(KEY.sign(TEXT), [KEY.verifier, double])
        assert open_note(KEY.sign(TEXT), [KEY.verifier, KEY.verifier])[1] == [KEY.verifier]

    @pytest.mark.parametrize("text", ["", "no line feed", "tab\t\n", "\udc80\n"])
    def test_not_every_text_can_be_signed(self, text: str) -> None:
        with pytest.raises(NoteError):
            KEY.sign(text)


class TestCosignatures:
    def test_a_cosignature_holds_for_its_time_only(self) -> None:
        witness = new_signing_key("example.com/witness", COSIGNATURE)
        line = witness.signature_line(TEXT, time_s=1_700_000_000)
        assert open_note(f"{TEXT}\n{line}", [witness.verifier])[1] == [witness.verifier]
        import base64

        raw = bytearray(base64.b64decode(line.split(" ")[2]))
        raw[11] ^= 1
        spoilt = f"{TEXT}\n— example.com/witness {base64.b64encode(raw).decode()}\n"
        with pytest.raises(NoteError, match="does not hold"):
            open_note(spoilt, [witness.verifier])

    def test_a_plain_signature_is_no_cosignature(self) -> None:
        plain = new_signing_key("example.com/witness")
        as_witness = VerifierKey("example.com/witness", plain.verifier.public, COSIGNATURE)
        with pytest.raises(NoteError):
            open_note(plain.sign(TEXT), [as_witness])


class TestCheckpoints:
    def test_a_checkpoint_is_three_lines(self) -> None:
        note = Checkpoint("example.com/log", 0, EMPTY_ROOT).sign(KEY)
        assert note.startswith(f"{TEXT}\n— example.com/log ")
        head, signers = open_checkpoint(note, [KEY.verifier])
        assert (head.size, head.root, signers) == (0, EMPTY_ROOT, [KEY.verifier])

    @pytest.mark.parametrize(
        "lines",
        [
            ["o", "1"],
            ["", "1", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
            ["o", "01", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
            ["o", "-1", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
            ["o", "1 ", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
            ["o", "١", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
            ["o", "1", "47DEQpj8HBSa"],
            ["o", "1", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV="],
            ["o", "1", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="],
        ],
    )
    def test_a_malformed_checkpoint_is_refused(self, lines: list[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        with pytest.raises(NoteError):
            read_checkpoint(f"{text}\n{KEY.signature_line(text)}")

    def test_extension_lines_are_kept(self) -> None:
        head = Checkpoint("example.com/log", 0, EMPTY_ROOT, ("more",))
        assert read_checkpoint(head.sign(KEY)) == head
