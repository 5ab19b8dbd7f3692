"""XML of a document, read without what makes XML dangerous: no entities, no network, no huge trees."""

from __future__ import annotations

import zipfile
from importlib import import_module
from typing import Any

from _kit.problem import Problem

MEMBER_BYTES = 100_000_000


def member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One member of a zipped document. Raises Problem(bad_document) when it is missing, damaged or too large."""
    try:
        info = archive.getinfo(name)
        if info.file_size > MEMBER_BYTES:
            raise Problem("too_big", f"`{name}` in the document is larger than {MEMBER_BYTES // 1_000_000} MB")
        return archive.read(info)
    except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Problem("bad_document", f"the document lacks a readable `{name}`") from error


def xml(data: bytes) -> Any:
    """The root element. Raises Problem(bad_document) for what is no XML or holds a document type of its own."""
    library: Any = import_module("lxml.etree")
    parser = library.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return library.fromstring(data, parser)
    except library.XMLSyntaxError as error:
        raise Problem("bad_document", f"the document holds broken XML: {error}") from error
