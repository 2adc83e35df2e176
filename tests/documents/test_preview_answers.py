"""What a renderer says is believed only as far as it can be checked; and how text and rows are read."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from kontor.documents.v1 import previews_pb2 as pb

from services.documents.preview import answers, limits, separated, sie, text
from services.documents.preview.pages import NoPreview

GOOD: dict[str, object] = {"pages": 1, "more": False, "sections": [], "page": {"text": "a"}}
PICTURE: dict[str, object] = {"picture": {"width": 2, "height": 1, "text": ""}}
TABLE: dict[str, object] = {"name": "a", "columns": [], "rows": [["1"]], "first_row": 1, "more": False}


def output(told: object, pixels: bytes = b"") -> bytes:
    return json.dumps(told).encode() + b"\n" + pixels


def table(**changed: object) -> dict[str, object]:
    return GOOD | {"page": {"table": TABLE | changed}}


WORDS = some.sampled_from([*GOOD, *TABLE, *PICTURE, "unavailable", "table", "width", "height"])
LEAVES = some.none() | some.booleans() | some.integers() | some.text()
JSON = some.recursive(LEAVES, lambda inner: some.lists(inner) | some.dictionaries(WORDS, inner))

NONSENSE = {
    "nothing": b"",
    "no JSON": b"hello\n",
    "no object": b"[]\n",
    "very deep": b"[" * 100_000,
    "no pages": output(GOOD | {"pages": 0}),
    "too many pages": output(GOOD | {"pages": 10**9}),
    "pages that are no number": output(GOOD | {"pages": "1"}),
    "true for a number": output(GOOD | {"pages": True}),
    "an unknown reason": output({"unavailable": "because"}),
    "an unknown page": output(GOOD | {"page": {"script": "alert(1)"}}),
    "two pages in one": output(GOOD | {"page": {"text": "a", "unavailable": "damaged"}}),
    "too much text": output(GOOD | {"page": {"text": "a" * (limits.PAGE_CHARACTERS + 1)}}),
    "half a character": output(GOOD | {"page": {"text": "\ud800"}}),
    "too few pixels": output(GOOD | {"page": PICTURE}, bytes(5)),
    "too many pixels": output(GOOD | {"page": PICTURE}, bytes(7)),
    "a huge picture": output(GOOD | {"page": {"picture": {"width": 4000, "height": 4000, "text": ""}}}),
    "a picture of its own making": output(GOOD | {"page": {"picture": {"webp": "RIFF"}}}, b"RIFF"),
    "too many rows": output(table(rows=[["1"]] * (limits.ROWS + 1))),
    "too many columns": output(table(rows=[["1"] * (limits.COLUMNS + 1)])),
    "a cell that is too long": output(table(rows=[["1" * (limits.CELL + 1)]])),
    "a cell that is no text": output(table(rows=[[1]])),
    "too large a table": output(table(rows=[["å" * limits.CELL] * limits.COLUMNS] * limits.ROWS)),
    "too many sheets": output(GOOD | {"sections": [["a", 1]] * (limits.SECTIONS + 1)}),
    "a sheet beyond the pages": output(GOOD | {"sections": [["a", 2]]}),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_an_answer_that_ours_would_not_give_is_none(case: str) -> None:
    """ACC-51."""
    with pytest.raises(answers.Nonsense):
        answers.read(NONSENSE[case])


@settings(max_examples=300, deadline=None)
@given(some.binary(max_size=400) | some.builds(output, JSON, some.binary(max_size=12)))
def test_whatever_comes_it_is_read_or_refused(said: bytes) -> None:
    """ACC-51."""
    try:
        whole, page = answers.read(said)
    except answers.Nonsense:
        return
    assert whole.ready == (whole.reason == pb.PREVIEW_REASON_UNSPECIFIED)
    assert page is None or page.ByteSize() <= limits.PICTURE_BYTES + 100_000


def test_a_picture_is_made_of_bare_pixels() -> None:
    """ACC-51."""
    whole, page = answers.read(output(GOOD | {"page": PICTURE}, bytes(6)))
    assert whole.ready
    assert page is not None
    assert page.picture.webp.startswith(b"RIFF")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_in_the_encoding_it_was_written_in(encoding: str) -> None:
    """ACC-51."""
    assert text.decoded("Løn på ø, Åse €".encode(encoding)) == "Løn på ø, Åse €"


@settings(max_examples=200, deadline=None)
@given(some.binary(max_size=2000))
def test_any_bytes_are_some_text_within_bounds(data: bytes) -> None:
    """ACC-51."""
    rendered = text.render(data, 1)
    assert rendered.pages >= 1
    assert answers.read(output({"pages": rendered.pages, "more": rendered.more, "sections": [], "page": rendered.page}))[0].ready


@settings(max_examples=200, deadline=None)
@given(some.text(max_size=500))
def test_any_text_is_some_table_or_none(written: str) -> None:
    """ACC-51."""
    data = written.encode("utf-8", "ignore")
    for render in (separated.render, sie.render):
        try:
            rendered = render(data, 1)
        except NoPreview:
            continue
        assert answers.read(output({"pages": rendered.pages, "more": False, "sections": [], "page": rendered.page}))[0].ready


def test_text_of_many_lines_is_cut_into_pages_that_lose_none() -> None:
    """ACC-51."""
    lines = [f"line {number}" for number in range(1001)]
    found = [str((text.render("\n".join(lines).encode(), number).page or {})["text"]) for number in (1, 2, 3)]
    assert "\n".join(found).split("\n") == lines
    assert text.render("\n".join(lines).encode(), 4).page is None


@pytest.mark.parametrize(
    ("lines", "sign"),
    [("a;b\n1,5;2,5", ";"), ("a,b\n1.5,2", ","), ("a\tb,c\n1\t2", "\t"), ("a|b|c\n1|2|3", "|"), ('"a;b",c\n"d;e",f', ","), ("a\nb", ";")],
)
def test_values_are_divided_by_the_sign_that_divides_evenly(lines: str, sign: str) -> None:
    """ACC-51."""
    assert separated.separator(lines.splitlines(keepends=True)) == sign
