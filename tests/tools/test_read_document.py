"""read_document: foreign formats become Markdown, broken ones an error, bombs nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

pytest.importorskip("pypdfium2", reason="the documents extra is not installed")

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def pdf(*pages: str) -> bytes:
    """A PDF of the simplest form (ISO 32000, 7.5), one line of text a page."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n, text in enumerate(pages):
        stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * n} 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    body, offsets = "%PDF-1.4\n", []
    for n, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{n} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{o:010} 00000 n \n" for o in offsets)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return (body + end).encode()


def zipped(path: Path, entries: dict[str, str | bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def docx(path: Path, body: str, prolog: str = "") -> None:
    zipped(
        path,
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/document.xml": f'<?xml version="1.0"?>{prolog}<w:document {W}><w:body>{body}</w:body></w:document>',
        },
    )


class TestPdf:
    def test_pages_in_order(self, call, put) -> None:
        put("a.pdf", pdf("Hello World", "Second page"))
        text = call("read_document", path="a.pdf").text
        assert text == "## Page 1 of 2\n\nHello World\n\n## Page 2 of 2\n\nSecond page"

    def test_only_the_wanted_pages(self, call, put) -> None:
        put("a.pdf", pdf("one", "two", "three"))
        assert call("read_document", path="a.pdf", pages="2").text == "## Page 2 of 3\n\ntwo"
        assert "three" in call("read_document", path="a.pdf", pages="2-").text

    def test_pages_that_do_not_exist(self, call, put) -> None:
        put("a.pdf", pdf("one"))
        answer = call("read_document", path="a.pdf", pages="5-6")
        assert answer.code == "out_of_range"
        assert "it has 1" in answer.text

    def test_a_scanned_page_is_said_to_hold_no_text(self, call, put) -> None:
        put("a.pdf", pdf("", "two"))
        assert "[no text in page 1]" in call("read_document", path="a.pdf").text

    def test_a_long_document_is_paged(self, call, put) -> None:
        put("a.pdf", pdf(*(f"text {n}" for n in range(60))))
        first = call("read_document", 1000, path="a.pdf")
        assert first.truncated
        start = int(first.text.rpartition("start=")[2].split()[0].rstrip(";]"))
        second = call("read_document", 1000, path="a.pdf", start=start)
        assert second.ok
        assert second.text != first.text

    @pytest.mark.parametrize("cut", [9, 100, 300])
    def test_a_cut_file_is_an_error_or_what_is_left(self, call, put, cut: int) -> None:
        put("a.pdf", pdf("Hello", "World")[:cut])
        answer = call("read_document", path="a.pdf")
        assert answer.code == "bad_document" or "Page" in answer.text or "no text" in answer.text


class TestWord:
    def test_headings_text_and_tables(self, call, folder: Path) -> None:
        cell = "<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
        docx(
            folder / "a.docx",
            '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Title</w:t></w:r></w:p>'
            "<w:p><w:r><w:t>Some </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>bold</w:t></w:r></w:p>"
            f"<w:tbl><w:tr>{cell.format('A')}{cell.format('B')}</w:tr><w:tr>{cell.format('1')}{cell.format('2')}</w:tr></w:tbl>",
        )
        text = call("read_document", path="a.docx").text
        assert "Title" in text
        assert "**bold**" in text
        assert "| A | B |" in text

    def test_a_billion_laughs_end_quickly(self, call, folder: Path) -> None:
        entities = '<!DOCTYPE z [<!ENTITY a "haha">' + "".join(
            f'<!ENTITY {c} "{f"&{b};" * 10}">' for b, c in zip("abcdefghi", "bcdefghij", strict=True)
        )
        docx(folder / "a.docx", "<w:p><w:r><w:t>&j;</w:t></w:r></w:p>", entities + "]>")
        answer = call("read_document", path="a.docx")
        assert not answer.ok
        assert answer.code in ("bad_document", "too_big")

    def test_T9_an_external_entity_is_not_read(self, call, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("the-secret")
        docx(
            folder / "a.docx",
            "<w:p><w:r><w:t>x&e;y</w:t></w:r></w:p>",
            f'<!DOCTYPE z [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>',
        )
        assert "the-secret" not in call("read_document", path="a.docx").text

    def test_a_zip_bomb_is_refused_before_it_is_unpacked(self, call, folder: Path) -> None:
        zipped(folder / "a.docx", {"word/document.xml": b" " * 200_000_000})
        answer = call("read_document", path="a.docx")
        assert answer.code == "too_big"
        assert "bomb" in answer.text


class TestOffice:
    def test_a_workbook_becomes_tables(self, call, folder: Path) -> None:
        xlsxwriter = pytest.importorskip("xlsxwriter")
        book = xlsxwriter.Workbook(str(folder / "a.xlsx"))
        sheet = book.add_worksheet("Sales")
        for n, values in enumerate([["region", "amount"], ["north|east", 10], ["south", 2.5]]):
            sheet.write_row(n, 0, values)
        book.add_worksheet("Empty")
        book.close()
        answer = call("read_document", path="a.xlsx")
        assert answer.text.startswith(
            "## Sales (3 rows)\n\n| region | amount |\n| --- | --- |\n| north\\|east | 10 |\n| south | 2.5 |"
        )
        assert "[no text in sheet Empty]" in answer.text

    def test_slides_with_notes(self, call, folder: Path) -> None:
        pptx = pytest.importorskip("pptx")
        deck = pptx.Presentation()
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = "Plan"
        slide.placeholders[1].text = "First point"
        slide.notes_slide.notes_text_frame.text = "say it slowly"
        deck.save(str(folder / "a.pptx"))
        assert (
            call("read_document", path="a.pptx").text == "## Slide 1 of 1: Plan\n\nFirst point\n\nNotes: say it slowly"
        )

    def test_opendocument_text(self, call, folder: Path) -> None:
        zipped(
            folder / "a.odt",
            {
                "content.xml": '<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><o:body><o:text><t:h t:outline-level="2">Head</t:h><t:p>One <t:span>two</t:span></t:p><t:list><t:list-item><t:p>item</t:p></t:list-item></t:list></o:text></o:body></o:document-content>'
            },
        )
        assert call("read_document", path="a.odt").text == "## Head\n\nOne two\n\n- item"


class TestBooksPagesMailPictures:
    def test_a_book_in_the_order_of_its_spine(self, call, folder: Path) -> None:
        zipped(
            folder / "a.epub",
            {
                "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="O/c.opf"/></rootfiles></container>',
                "O/c.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Book</dc:title><dc:creator>Ann</dc:creator></metadata><manifest><item id="b" href="b.xhtml"/><item id="a" href="a%20x.xhtml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>',
                "O/a x.xhtml": "<html><body><h1>First</h1></body></html>",
                "O/b.xhtml": "<html><body><p>Second</p></body></html>",
            },
        )
        assert call("read_document", path="a.epub").text == "Book · Ann\n\n# First\n\nSecond"
        assert call("read_document", path="a.epub", pages="2").text == "Second"

    def test_T9_a_page_without_scripts_styles_and_hidden_text(self, call, put) -> None:
        put(
            "a.html",
            "<style>x{}</style><h1>Hi</h1><script>bad()</script><p style='display:none'>hidden orders</p><p>see <a href='https://example.com/x'>this</a></p>",
        )
        text = call("read_document", path="a.html").text
        assert text == "# Hi\n\nsee [this](https://example.com/x)"

    def test_a_page_in_its_own_encoding(self, call, put) -> None:
        put("a.html", '<meta charset="gb2312"><p>你好</p>'.encode("gb2312"))
        assert call("read_document", path="a.html").text == "你好"

    def test_a_message_with_its_addresses_as_fields(self, call, put) -> None:
        put(
            "a.eml",
            "From: =?utf-8?b?5byg5LiJ?= <z@example.com>\nTo: bob@example.org\nDate: Tue, 24 Nov 2026 10:00:00 +0000\nSubject: Plan\n"
            'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/html\n\n<p>Hello <b>Bob</b></p>\n'
            '--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="r.pdf"\nContent-Transfer-Encoding: base64\n\nAAAA\n--b--\n',
        )
        answer = call("read_document", path="a.eml")
        assert "张三" in answer.text
        assert "Hello **Bob**" in answer.text
        assert "- r.pdf (application/pdf, 3 B)" in answer.text
        assert [f["value"] for f in answer.fields if f["kind"] == "address"] == ["z@example.com", "bob@example.org"]

    def test_a_picture_tells_its_size_camera_and_place(self, call, folder: Path) -> None:
        image = pytest.importorskip("PIL.Image")
        exif = image.Exif()
        exif[0x0110] = "Camera X"
        exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 36.0), 3: "E", 4: (13.0, 15.0, 0.0)})
        image.new("RGB", (20, 10)).save(folder / "a.jpg", exif=exif)
        text = call("read_document", path="a.jpg").text
        assert "- size: 20 × 10" in text
        assert "- Model: Camera X" in text
        assert "- place: 52.5100 N 13.2500 E" in text


class TestRefusals:
    @pytest.mark.parametrize("suffix", ["docx", "xlsx", "pptx", "odt", "epub", "pdf", "xls"])
    @pytest.mark.parametrize(
        "content", [b"", b"just text", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600]
    )
    def test_what_is_not_what_its_name_says(self, call, put, suffix: str, content: bytes) -> None:
        put(f"a.{suffix}", content)
        assert call("read_document", path=f"a.{suffix}").code in ("bad_document", "too_big")

    def test_plain_text_is_sent_to_read_file(self, call, put) -> None:
        put("a.txt", "x")
        assert "read_file" in call("read_document", path="a.txt").text

    def test_deeply_nested_html_ends(self, call, put) -> None:
        put("a.html", "<div>" * 300_000 + "x")
        answer = call("read_document", path="a.html")
        assert answer.text
