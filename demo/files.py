"""Real demonstration files, made anew each time: PDF, PNG, XLSX, SIE 4, CSV and the ones a scan must stop. All figures are invented."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import xlsxwriter
from PIL import Image, ImageDraw


@dataclass(frozen=True)
class File:
    """A file to upload: name, bytes, and the folder's service area it belongs to."""

    name: str
    content: bytes
    area: str
    month: int | None = None  # 1 to 12 of this year; None for the present month


def pdf(title: str, lines: list[str]) -> bytes:
    """A one-page PDF 1.4 with a heading and lines of text."""
    text = [f"BT /F1 20 Tf 60 770 Td ({_pdf(title)}) Tj ET"]
    text += [f"BT /F2 11 Tf 60 {735 - 18 * number} Td ({_pdf(line)}) Tj ET" for number, line in enumerate(lines)]
    text.append("BT /F2 8 Tf 60 40 Td (Demonstration. Every name and figure on this page is invented.) Tj ET")
    stream = "\n".join(text).encode("latin-1")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding/WinAnsiEncoding>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    return out.getvalue()


def receipt(shop: str, amount: str, *, seed: int = 1) -> bytes:
    """A PNG that looks like a photographed receipt."""
    image = Image.new("RGB", (480, 720), "white")
    pen, dice = ImageDraw.Draw(image), random.Random(seed)  # noqa: S311 - a picture, not a secret
    pen.text((60, 40), shop, fill="black")
    for row in range(14):
        pen.text((60, 100 + 34 * row), f"{dice.choice(['Kaffe', 'Papir', 'Mel 25 kg', 'Salt', 'Frakt'])}", fill="#333")
        pen.text((360, 100 + 34 * row), f"{dice.randint(20, 900)},00", fill="#333")
    pen.line((60, 590, 420, 590), fill="black", width=2)
    pen.text((60, 610), "Sum", fill="black")
    pen.text((360, 610), amount, fill="black")
    pen.text((60, 680), "Demonstration", fill="#777")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def payroll(month: str, *, people: int = 12, seed: int = 1) -> bytes:
    """An XLSX with a payroll basis."""
    out, dice = io.BytesIO(), random.Random(seed)  # noqa: S311 - invented hours, not a secret
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet, bold = book.add_worksheet(month[:31]), book.add_format({"bold": True})
    sheet.write_row(0, 0, ["Employee", "Hours", "Overtime", "Hourly rate", "Pay"], bold)
    for row in range(1, people + 1):
        sheet.write_row(row, 0, [f"Demo person {row}", dice.randint(120, 165), dice.randint(0, 12), dice.choice([245, 262, 281])])
        sheet.write_formula(row, 4, f"=B{row + 1}*D{row + 1}+C{row + 1}*D{row + 1}*1.5")
    book.close()
    return out.getvalue()


def sie(company: str, organisation_number: str, year: int, *, vouchers: int = 20, seed: int = 1) -> bytes:
    """A SIE 4 bookkeeping file, in the code page 437 that the format demands."""
    dice = random.Random(seed)  # noqa: S311 - invented amounts, not a secret
    lines = [
        "#FLAGGA 0",
        "#FORMAT PC8",
        "#SIETYP 4",
        '#PROGRAM "Kontor demonstration" 1',
        f"#GEN {year}0601",
        f"#ORGNR {organisation_number}",
        f'#FNAMN "{company}"',
        f"#RAR 0 {year}0101 {year}1231",
        '#KONTO 1930 "Bank"',
        '#KONTO 3010 "Försäljning"',
        '#KONTO 2610 "Utgående moms"',
    ]
    for number in range(1, vouchers + 1):
        net = dice.randint(100, 9000)
        day = f"{year}{dice.randint(1, 12):02}{dice.randint(1, 28):02}"
        lines += [
            f'#VER A {number} {day} "Dagskassa"',
            "{",
            f"#TRANS 1930 {{}} {net * 1.25:.2f}",
            f"#TRANS 3010 {{}} -{net}.00",
            f"#TRANS 2610 {{}} -{net * 0.25:.2f}",
            "}",
        ]
    return "\r\n".join([*lines, ""]).encode("cp437")


def csv(*, rows: int = 30, seed: int = 1) -> bytes:
    """A bank statement as semicolon-separated UTF-8."""
    dice = random.Random(seed)  # noqa: S311 - invented amounts, not a secret
    entries = (
        f"2026-{dice.randint(1, 6):02}-{dice.randint(1, 28):02};Demo {number};{dice.randint(-5000, 9000)},00" for number in range(rows)
    )
    return ("Dato;Tekst;Beløp\r\n" + "\r\n".join(entries) + "\r\n").encode()


def test_virus() -> bytes:
    """The EICAR test string, which scanners agree to call a virus. Put together here, so that no scanner stops the source."""
    return b"X5O!P%@AP[4" + b"\\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def zipped(*members: tuple[str, bytes]) -> bytes:
    """An ordinary zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def locked_zip(name: str = "secret.txt") -> bytes:
    """A zip whose only member is marked as encrypted, as a password would mark it."""
    content = bytes(random.Random(7).randrange(256) for _ in range(64))  # noqa: S311 - stands for ciphertext
    entry = name.encode()
    local = struct.pack(
        "<4sHHHHHIIIHH", b"PK\3\4", 20, 1, 0, 0, 0x5A21, zlib.crc32(content), len(content), len(content) - 12, len(entry), 0
    )
    central = struct.pack(
        "<4sHHHHHHIIIHHHHHII",
        b"PK\1\2",
        20,
        20,
        1,
        0,
        0,
        0x5A21,
        zlib.crc32(content),
        len(content),
        len(content) - 12,
        len(entry),
        0,
        0,
        0,
        0,
        0,
        0,
    )
    body = local + entry + content
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(central) + len(entry), len(body), 0)
    return body + central + entry + end


def client_files(company: str, organisation_number: str) -> Iterator[File]:
    """What a client and the firm have shared so far: a dozen files, two of which the scan stops."""
    for number, month in enumerate(("januar", "februar", "mars", "april"), 1):
        yield File(f"Lønnsgrunnlag {month}.xlsx", payroll(month, seed=number), "payroll", number)
    yield File("Kontoutskrift april.csv", csv(), "accounting")
    yield File("Bokføring 2025.se", sie(company, organisation_number, 2025), "accounting")
    for number, (shop, amount) in enumerate((("Eksempel Papir", "1 240,00"), ("Prøve Kaffe", "312,50"), ("Testdal Mølle", "4 980,00"))):
        yield File(f"Kvittering {number + 1:03}.png", receipt(shop, amount, seed=number), "accounting")
    yield File("Arbeidsavtale mal.pdf", pdf("Arbeidsavtale", ["Mal for fast stilling.", f"Arbeidsgiver: {company}"]), "hr")
    yield File("Faktura 0000417.pdf", pdf("Faktura 0000417", ["Til betaling: 4 980,00"]) + test_virus(), "accounting")
    yield File("Kvitteringer uke 19.zip", locked_zip(), "accounting")


def firm_files(company: str) -> Iterator[File]:
    """What the firm publishes to the client."""
    for number, month in ((3, "mars"), (4, "april")):
        yield File(
            f"Lønnsslipper {month}.pdf", pdf(f"Lønnsslipper {month}", [company, "12 ansatte", "Utbetales den 12."]), "payroll", number
        )
        yield File(
            f"Resultatrapport {month}.pdf",
            pdf(f"Resultatrapport {month}", [company, "Driftsinntekter 412 500", "Resultat 38 200"]),
            "accounting",
            number,
        )


def _pdf(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
