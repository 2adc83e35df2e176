"""File names: what is accepted, and what people see."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid
from services.documents.names import clean_name, extension


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "file_name_empty"),
        ("   ", "file_name_empty"),
        (".", "file_name_empty"),
        ("..", "file_name_empty"),
        ("???", "file_name_empty"),
        ("../etc/passwd", "file_name_path"),
        ("..\\boot.ini", "file_name_path"),
        ("/a.pdf", "file_name_path"),
        ("a\r\nSet-Cookie: b.pdf", "file_name_control"),
        ("a\0.pdf", "file_name_control"),
        ("a\u2028.pdf", "file_name_control"),
        ("a\udcff.pdf", "file_name_control"),
        ("invoice\u202efdp.exe", "file_name_invisible"),
        ("inv\u200boice.pdf", "file_name_invisible"),
        ("NUL", "file_name_reserved"),
        ("com1.pdf", "file_name_reserved"),
        ("a" * 296 + ".pdf", "file_name_too_long"),
        ("å" * 130 + ".pdf", "file_name_too_long"),
    ],
)
def test_a_name_that_could_mislead_or_harm_is_refused_with_its_reason(name: str, reason: str) -> None:
    """P16, ASVS 5.3.2."""
    with pytest.raises(Invalid) as refused:
        clean_name(name)
    assert refused.value.reason == reason
    assert refused.value.fields == {"name": reason}


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Lönn maj.pdf", "Lönn maj.pdf"),
        (unicodedata.normalize("NFD", "Blåbær ÅÄÖ.pdf"), "Blåbær ÅÄÖ.pdf"),
        ("  invoice.pdf. ", "invoice.pdf"),
        ("10:30 <draft>.pdf", "10_30 _draft_.pdf"),
        ("..hidden.pdf", "..hidden.pdf"),
        ("controlled.pdf", "controlled.pdf"),
    ],
)
def test_an_ordinary_name_is_kept_in_one_spelling(name: str, cleaned: str) -> None:
    """ACC-40: the same name must be found again, whichever system it came from."""
    assert clean_name(name) == cleaned


@given(st.text(max_size=300))
def test_a_name_is_refused_or_harmless_and_cleaning_it_again_changes_nothing(name: str) -> None:
    """P16."""
    try:
        cleaned = clean_name(name)
    except Invalid:
        return
    assert not set(cleaned) & set('/\\\0\r\n<>:"|?*\u202e')
    assert 0 < len(cleaned) <= 200
    assert len(cleaned.encode()) <= 255
    assert clean_name(cleaned) == cleaned


@pytest.mark.parametrize(("name", "ending"), [("a.PDF", "pdf"), ("a.tar.gz", "gz"), ("a", ""), (".pdf", ""), ("a.", "")])
def test_the_ending_of_a_name_is_what_follows_its_last_dot(name: str, ending: str) -> None:
    """ASVS 5.2.2."""
    assert extension(name) == ending
