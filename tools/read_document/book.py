"""E-books (EPUB 2 and 3): the chapters in the order of the book's spine."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from markup import member, xml
from parts import Part, Wanted

from _kit.markdown import from_html
from _kit.problem import Problem

_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"


def read(path: str, wanted: Wanted) -> Iterator[Part]:
    """A part a chapter; the first begins with title and authors."""
    with zipfile.ZipFile(path) as archive:
        root = xml(member(archive, "META-INF/container.xml")).find(f".//{_CONTAINER}rootfile")
        if root is None:
            raise Problem("bad_document", "the book names no content")
        opf = root.get("full-path", "")
        package = xml(member(archive, opf))
        items = {i.get("id"): i.get("href", "") for i in package.iter(f"{_OPF}item")}
        spine = [items[i.get("idref")] for i in package.iter(f"{_OPF}itemref") if i.get("idref") in items]
        wanted.total = len(spine)
        about = [t.text for tag in ("title", "creator", "date") for t in package.iter(_DC + tag) if t.text]
        for number, href in enumerate(spine, 1):
            if number not in wanted:
                continue
            name = posixpath.normpath(posixpath.join(posixpath.dirname(opf), unquote(href)))
            text = from_html(member(archive, name).decode("utf-8", "replace"))
            yield Part(f"chapter {number}", (" · ".join(about) + "\n\n" if number == 1 and about else "") + text)
