"""Files to look at: small ones of each kind, and some that were made to do harm."""

import io
import zipfile
import zlib
from collections.abc import Sequence

import xlsxwriter
from PIL import Image, ImageDraw

SIE = """#FLAGGA 0
#PROGRAM "Testprogram" 1.0
#FORMAT PC8
#GEN 20260601
#SIETYP 4
#ORGNR 556000-0000
#FNAMN "Åkerö Bröd AB"
#RAR 0 20260101 20261231
#KONTO 1910 "Kassa"
#KTYP 1910 T
#KONTO 4010 "Inköp"
#IB 0 1910 100.00
#UB 0 1910 55.00
#RES 0 4010 45.00
#VER A 1 20260105 "Kaffe"
{
#TRANS 1910 {1 "4"} -45.00
#TRANS\t4010 {} 45.00 20260105 "Bönor \\"extra\\""
}
"""


def pdf(*contents: bytes, width: int = 595, height: int = 842, others: Sequence[bytes] = (), resources: bytes = b"") -> bytes:
    """A PDF with a page for each content; ``others`` are its objects from 100 on."""
    pages = range(10, 10 + 2 * len(contents), 2)
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    objects = {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(contents))}
    objects[3] = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    for number, content in zip(pages, contents, strict=True):
        box = b"/MediaBox[0 0 %d %d]/Resources<</Font<</F 3 0 R>>%s>>" % (width, height, resources)
        objects[number] = b"<</Type/Page/Parent 2 0 R%s/Contents %d 0 R>>" % (box, number + 1)
        objects[number + 1] = stream(b"", content)
    objects |= dict(enumerate(others, start=100))
    return _file(objects)


def stream(words: bytes, content: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (words, len(content), content)


def _file(objects: dict[int, bytes]) -> bytes:
    out, offsets = bytearray(b"%PDF-1.7\n"), dict[int, int]()
    for number, content in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n" % size
    out += b"".join(b"%010d 00000 n \n" % offsets[n] if n in offsets else b"0000000000 65535 f \n" for n in range(size))
    return bytes(out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start))


def written(text: str) -> bytes:
    """The content of a page that says this."""
    return b"BT /F 40 Tf 60 700 Td (%s) Tj ET" % text.encode("cp1252")


def locked_pdf() -> bytes:
    """A PDF with a password that nobody knows: its keys are made up."""
    keys = b"/O(%s)/U(%s)" % (b"o" * 32, b"u" * 32)
    locked = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4%s>>/ID[<00><00>]/Root" % keys
    return pdf(written("secret")).replace(b"/Root", locked)


def slow_pdf() -> bytes:
    """A page that is painted over and over, three hundred thousand times, each time mixing all colours: minutes for a few kilobytes."""
    painted = zlib.compress(b"/G gs " + b"0 0 595 842 re f " * 300_000)
    mixing = b"/ExtGState<</G<</Type/ExtGState/BM/Luminosity/ca 0.5>>>>/XObject<</X 100 0 R>>"
    form = stream(b"/Type/XObject/Subtype/Form/Filter/FlateDecode/BBox[0 0 600 900]/Resources<<%s>>" % mixing, painted)
    return pdf(b"/X Do", others=[form], resources=b"/XObject<</X 100 0 R>>")


def endless_pdf() -> bytes:
    """A page that draws ten times what draws ten times what … : a few kilobytes that would take years."""
    levels = 20
    draws = b"/X Do " * 10
    forms = [
        stream(b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]/Resources<</XObject<</X %d 0 R>>>>" % (101 + level), draws)
        for level in range(levels)
    ]
    last = stream(b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]", b"0 0 m 500 500 l S")
    return pdf(draws, others=[*forms, last], resources=b"/XObject<</X 100 0 R>>")


def circular_pdf() -> bytes:
    """A page that draws what draws itself, and whose list of pages leads back to itself."""
    form = stream(b"/Type/XObject/Subtype/Form/BBox[0 0 600 900]/Resources<</XObject<</X 100 0 R>>>>", b"/X Do /X Do")
    return pdf(b"/X Do", others=[form], resources=b"/XObject<</X 100 0 R>>")


def image(kind: str, size: tuple[int, int] = (320, 200), **given: object) -> bytes:
    """A picture: the upper left quarter red, the rest white."""
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 2, size[1] // 2), fill="red")
    return encoded(picture, kind, **given)


def encoded(picture: Image.Image, kind: str, **given: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **given)
    return target.getvalue()


def photographed(size: tuple[int, int] = (320, 200)) -> bytes:
    """A photo from a telephone that was held upright, which says where and with what it was taken."""
    about = Image.Exif()
    about[0x0112], about[0x010F] = 6, "Testphone"
    about.get_ifd(0x8825)[1] = "N"
    return image("JPEG", size, exif=about)


def workbook(rows: Sequence[Sequence[object]], *, second: str = "") -> bytes:
    """An XLSX file with these rows, and an empty second sheet if it has a name."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet("Lønn")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    if second:
        book.add_worksheet(second)
    book.add_worksheet("Skjult").hide()
    book.close()
    return target.getvalue()


def huge_workbook(cells: int = 10_000_000) -> bytes:
    """An XLSX file with ten million cells on two sheets, packed so little that it passes for an ordinary one."""
    digits = ((seed * n * n % 9973 % 10 for n in range(1000)) for seed in range(40))
    rows = b"".join(b"<row>" + b"".join(map(b"<c><v>%d</v></c>".__mod__, row)) + b"</row>" for row in digits)
    return _with_sheets(rows * (cells // 2 // 1000 // 40))


def vast_workbook() -> bytes:
    """An XLSX file with two cells, as far from each other as they can be: seventeen thousand million cells lie between."""
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return _with_sheets(cells)


def _with_sheets(rows: bytes) -> bytes:
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    sheet, target = head + rows + b"</sheetData></worksheet>", io.BytesIO()
    source = io.BytesIO(workbook([["x"]], second="To"))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name in old.namelist():
            new.writestr(name, sheet if name.endswith(("sheet1.xml", "sheet2.xml")) else old.read(name))
    return target.getvalue()


def opendocument(rows: Sequence[Sequence[str]]) -> bytes:
    """An ODS file with these rows."""
    cell = "<table:table-cell office:value-type='string'><text:p>%s</text:p></table:table-cell>"
    cells = "".join(f"<table:table-row>{''.join(cell % each for each in row)}</table:table-row>" for row in rows)
    names = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text"))
    body = f"<office:body><office:spreadsheet><table:table table:name='Ark1'>{cells}</table:table></office:spreadsheet></office:body>"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("META-INF/manifest.xml", "<manifest/>")
        file.writestr("content.xml", f'<?xml version="1.0"?><office:document-content {names}>{body}</office:document-content>')
    return target.getvalue()
