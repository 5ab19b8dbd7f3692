"""create_archive and extract_archive: an archive is a hostile program for an unpacker."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())


def zipped(path: Path, entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


def tarred(path: Path, *infos: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> None:
    with tarfile.open(path, mode) as archive:  # pyright: ignore[reportCallIssue, reportArgumentType]
        for info, data in infos:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


class TestRoundTrip:
    @pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
    def test_what_is_packed_comes_out_the_same(self, call, put, folder: Path, suffix: str) -> None:
        put("d/a.txt", "one")
        put("d/深/b.bin", bytes(range(256)))
        (folder / "d/run.sh").write_text("#!/bin/sh\n")
        (folder / "d/run.sh").chmod(0o755)
        (folder / "d/l").symlink_to("a.txt")
        made = call("create_archive", archive=f"out.{suffix}", paths=["d"])
        assert made.ok, made.text
        assert "4 files" in made.text
        answer = call("extract_archive", archive=f"out.{suffix}")
        assert answer.ok, answer.text
        assert names(folder / "out/d") == ["a.txt", "l", "run.sh", "深/b.bin"]
        assert (folder / "out/d/深/b.bin").read_bytes() == bytes(range(256))
        assert (folder / "out/d/run.sh").stat().st_mode & 0o111
        assert os.readlink(folder / "out/d/l") == "a.txt"

    def test_patterns_and_order(self, call, put, folder: Path) -> None:
        for name in ("b.txt", "a.txt", "c.log"):
            put(name, name)
        call("create_archive", archive="out.zip", paths=["*.txt"])
        assert zipfile.ZipFile(folder / "out.zip").namelist() == ["a.txt", "b.txt"]

    def test_the_archive_does_not_hold_itself_nor_pipes(self, call, put, folder: Path) -> None:
        put("a.txt", "x")
        os.mkfifo(folder / "pipe")
        answer = call("create_archive", archive="out.tar", paths=["."])
        with tarfile.open(folder / "out.tar") as archive:
            assert archive.getnames() == ["a.txt"]
        assert "left out: pipe" in answer.text

    def test_an_existing_archive_is_not_replaced(self, call, put) -> None:
        put("a.txt", "x")
        put("out.zip", "precious")
        assert call("create_archive", archive="out.zip", paths=["a.txt"]).code == "exists"

    def test_chinese_names_of_windows_are_read(self, call, folder: Path) -> None:
        info = zipfile.ZipInfo("x")
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            info.filename = "你好.txt".encode("gb18030").decode("cp437")
            archive.writestr(info, b"x")
        raw = (folder / "a.zip").read_bytes()
        # zipfile wrote UTF-8 and said so: put GBK in its place and take the flag away, as Windows does.
        utf8 = info.filename.encode()
        gbk = "你好.txt".encode("gb18030")
        assert utf8 in raw
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            archive.writestr("A" * len(gbk), b"x")
        raw = (folder / "a.zip").read_bytes().replace(b"A" * len(gbk), gbk)
        (folder / "a.zip").write_bytes(raw)
        assert call("extract_archive", archive="a.zip").names == ["a/你好.txt"]

    def test_read_file_lists_without_unpacking(self, call, folder: Path) -> None:
        zipped(folder / "a.zip", {"x.txt": b"12345", "d/y.txt": b""})
        answer = call("read_file", path="a.zip")
        assert answer.text.startswith("[a.zip: an archive of 2 entries, 5 B unpacked")
        assert answer.names == ["x.txt", "d/y.txt"]


class TestT4NothingLeavesTheFolder:
    @pytest.mark.parametrize(
        "name", ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "\\evil", "..\\evil", "a/..\\..\\evil"]
    )
    @pytest.mark.parametrize("kind", ["zip", "tar"])
    def test_T4_names_that_lead_out_refuse_the_whole_archive(self, call, folder: Path, kind: str, name: str) -> None:
        if kind == "zip":
            zipped(folder / "a.zip", {"good.txt": b"x", name: b"evil"})
        else:
            tarred(folder / "a.tar", (entry("good.txt"), b"x"), (entry(name), b"evil"))
        answer = call("extract_archive", archive=f"a.{kind}")
        assert answer.code == "bad_archive"
        assert "nothing was unpacked" in answer.text
        assert names(folder) == [f"a.{kind}"]
        assert not (folder.parent / "evil").exists()

    def test_T4_no_file_is_written_through_a_link_of_the_archive(self, call, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "outside").mkdir()
        tarred(
            folder / "a.tar",
            (entry("d", tarfile.SYMTYPE, str(tmp_path / "outside")), b""),
            (entry("d/evil"), b"x"),
        )
        call("extract_archive", archive="a.tar")
        assert list((tmp_path / "outside").iterdir()) == []

    @pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "..", "d/../../x"])
    def test_T4_links_that_lead_out_are_left_out_and_named(self, call, folder: Path, target: str) -> None:
        tarred(folder / "a.tar", (entry("good"), b"x"), (entry("bad", tarfile.SYMTYPE, target), b""))
        answer = call("extract_archive", archive="a.tar")
        assert "left out 1 links and special files: bad" in answer.text
        assert names(folder / "a") == ["good"]

    def test_T4_links_that_lead_out_by_way_of_links_are_left_out(self, call, folder: Path) -> None:
        tarred(
            folder / "a.tar",
            (entry("d/x"), b"x"),
            (entry("d/up", tarfile.SYMTYPE, "."), b""),
            (entry("d/out", tarfile.SYMTYPE, "up/../../.."), b""),
        )
        call("extract_archive", archive="a.tar")
        assert names(folder / "a") == ["d/up", "d/x"]

    def test_T4_hard_links_become_files_of_their_own_and_never_lead_out(
        self, call, folder: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "secret").write_text("secret")
        tarred(
            folder / "a.tar",
            (entry("x"), b"x"),
            (entry("y", tarfile.LNKTYPE, "x"), b""),
            (entry("z", tarfile.LNKTYPE, "../../secret"), b""),
            (entry("w", tarfile.LNKTYPE, "/etc/passwd"), b""),
        )
        call("extract_archive", archive="a.tar")
        assert names(folder / "a") == ["x", "y"]
        assert (folder / "a/x").stat().st_nlink == 1

    def test_T4_devices_pipes_and_set_uid_bits_are_not_made(self, call, folder: Path) -> None:
        tarred(
            folder / "a.tar",
            (entry("dev", tarfile.CHRTYPE), b""),
            (entry("pipe", tarfile.FIFOTYPE), b""),
            (entry("su", mode=0o6755), b"x"),
        )
        call("extract_archive", archive="a.tar")
        assert names(folder / "a") == ["su"]
        assert stat.S_IMODE((folder / "a/su").stat().st_mode) == 0o755

    def test_T4_a_link_in_the_destination_is_not_followed(self, call, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "outside").mkdir()
        (folder / "to").mkdir()
        (folder / "to/d").symlink_to(tmp_path / "outside")
        zipped(folder / "a.zip", {"d/evil": b"x"})
        assert call("extract_archive", archive="a.zip", to="to").code == "bad_path"
        assert list((tmp_path / "outside").iterdir()) == []


class TestBombs:
    def test_a_zip_bomb_stops_and_leaves_nothing(self, call, folder: Path) -> None:
        with (
            zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("zeros", "w") as out,
        ):
            for _ in range(200):
                out.write(b"\0" * 1_000_000)
        answer = call("extract_archive", archive="bomb.zip")
        assert answer.code == "too_big"
        assert "bomb" in answer.text
        assert names(folder) == ["bomb.zip"]

    def test_the_size_limit_counts_what_comes_out_not_what_the_header_says(self, call, folder: Path) -> None:
        zipped(folder / "a.zip", {"x": os.urandom(2_000_000)})
        answer = call("extract_archive", archive="a.zip", max_mb=1)
        assert answer.code == "too_big"
        assert "`max_mb` allows more" in answer.text
        assert names(folder) == ["a.zip"]

    def test_a_lying_header_is_caught(self, call, folder: Path) -> None:
        zipped(folder / "a.zip", {"x": b"y" * 100_000})
        raw = (folder / "a.zip").read_bytes().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
        (folder / "a.zip").write_bytes(raw)
        assert call("extract_archive", archive="a.zip").code == "bad_archive"

    @pytest.mark.parametrize("cut", [10, 100, 200])
    @pytest.mark.parametrize("suffix", ["zip", "tar.gz", "tar.xz", "tar.bz2"])
    def test_a_cut_archive_is_called_damaged(self, call, put, folder: Path, suffix: str, cut: int) -> None:
        put("d/a.txt", os.urandom(500))
        call("create_archive", archive=f"a.{suffix}", paths=["d"])
        raw = (folder / f"a.{suffix}").read_bytes()
        (folder / f"a.{suffix}").write_bytes(raw[:-cut])
        answer = call("extract_archive", archive=f"a.{suffix}")
        assert answer.code == "bad_archive"
        assert not (folder / "a").exists()

    def test_a_folder_and_a_file_of_one_name(self, call, folder: Path) -> None:
        tarred(folder / "a.tar", (entry("x"), b"x"), (entry("x/y"), b"y"))
        assert call("extract_archive", archive="a.tar").code == "bad_archive"
        assert names(folder) == ["a.tar"]


class TestDestination:
    def test_existing_files_are_kept_unless_told(self, call, put, folder: Path) -> None:
        put("to/x.txt", "old")
        put("to/y.txt", "other")
        zipped(folder / "a.zip", {"x.txt": b"new", "z/w.txt": b"w"})
        assert call("extract_archive", archive="a.zip", to="to").code == "exists"
        assert names(folder / "to") == ["x.txt", "y.txt"]
        assert call("extract_archive", archive="a.zip", to="to", overwrite=True).ok
        assert names(folder / "to") == ["x.txt", "y.txt", "z/w.txt"]
        assert (folder / "to/x.txt").read_text() == "new"

    def test_no_archive_at_all(self, call, put) -> None:
        put("a.zip", "just text")
        assert call("extract_archive", archive="a.zip").code == "bad_archive"

    def test_an_encrypted_archive_says_so(self, call, folder: Path) -> None:
        zipped(folder / "a.zip", {"x": b"y"})
        raw = bytearray((folder / "a.zip").read_bytes())
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
        (folder / "a.zip").write_bytes(bytes(raw))
        assert "encrypted" in call("extract_archive", archive="a.zip").text
