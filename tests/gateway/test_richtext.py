"""What administrators write becomes headings, lists and links of our own making, and nothing that runs."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.richtext import html

TAGS = {
    "p", "br", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "em", "strong", "a", "blockquote", "code", "pre", "hr",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title", "rel"}, "ol": {"start"}, "code": {"class"}}
ATTACKS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))", "[a](java\nscript:alert(1))", "[a](&#106;avascript:alert(1))", "[a](javascript&colon;alert(1))",
    "[a](%6aavascript:alert(1))", "[a](data:text/html;base64,PHNjcmlwdD4=)", "[a](vbscript:x)", "[a](file:///etc/passwd)",
    "[a](//evil.example)", "[a](/documents)", "[a](https:evil)", "[a](https://)", "<javascript:alert(1)>", "<data:text/html,x>",
    "![a](https://evil.example/pixel.png)", '![a](x "onerror=alert(1)")', '[a](https://ok.example "\\" onclick=alert(1) x=\\"")',
    "[a]: javascript:alert(1)\n\n[a]", '[a](https://ok.example/" onmouseover=alert(1) ")',
    "<a href='https://x.example' onclick='alert(1)'>x</a>", "<!-- x --><style>*{}</style>", '```"onload=alert(1)\n<script>\n```',
    '<https://ok.example/?a="><script>alert(1)</script>>', "&lt;script&gt;alert(1)&lt;/script&gt;", "[a](\x01javascript:alert(1))",
    "[a](\u2028javascript:alert(1))", "[a](feed:javascript:alert(1))", "<iframe srcdoc='<script>'></iframe>",
    "# <b onclick=x>\n\n> <object data=javascript:1>\n\n- <form action=//evil>\n", "[<img src=x onerror=alert(1)>](https://ok.example)",
    "[a](http://user:word@ok.example:99999/)", "[a](https://[::1)", "<p style='position:fixed'>", "<math><mtext><script>",
)  # fmt: skip


class Found(HTMLParser):
    """Everything a browser would make of it that is not mere text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.links: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag not in TAGS or names - ATTRIBUTES.get(tag, set()):
            self.wrong.append(f"<{tag} {sorted(names)}>")
        if tag == "a":
            self.links.append(dict(attrs))

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"<?{data}")

    def unknown_decl(self, data: str) -> None:
        self.wrong.append(f"<![{data}")


def faults(markdown: str) -> list[str]:
    """What must not be in a page."""
    found = Found()
    found.feed(html(markdown))
    found.close()
    schemes = [urlsplit(each["href"] or "").scheme.lower() for each in found.links]
    unmarked = [str(each) for each in found.links if each.get("rel") != "noopener nofollow"]
    return [*found.wrong, *(each for each in schemes if each not in ("http", "https", "mailto")), *unmarked]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_known_trick_gets_through(attack: str) -> None:
    """ACC-66: no script, no event handler, no address of another kind, no picture; in and between all kinds of text."""
    for around in ("{}", "# {}", "- {}", "> {}", "**{}**", "`{}`", "[x](https://ok.example)\n\n{}", "1. a\n\n   {}"):
        assert faults(around.format(attack)) == []


def test_the_tricks_would_be_seen() -> None:
    """What these tests look with finds what it is to find."""
    looking = Found()
    looking.feed("<p>a<script>x</script><a href='javascript:1' onclick='x'>b</a><!-- c --><img src=x></p>")
    assert len(looking.wrong) == 4


PIECES = st.sampled_from(
    [*ATTACKS, "[", "](", ")", "<", ">", '"', "'", "`", "```", "javascript:", "https://ok.example", "data:", "&#", ";", "\n", "\n\n", "# ",
     "- ", "> ", "*", "_", "\\", " on", "onload=", "=", "!", "\t", "    ", "\x00", "\u202e", "a"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=300)))
def test_nothing_that_can_be_written_runs(markdown: str) -> None:
    """ACC-66: pieces of tricks, put together at random."""
    assert faults(markdown) == []


def test_what_is_meant_to_be_there_is_there() -> None:
    """ACC-66: headings, lists, emphasis, quotes, links and lines as written."""
    text = html("# En\n\nto **tre** *fire*\nfem\n\n- a\n- b\n\n> sitat\n\n[lenke](https://ok.example/?a=1&b=2) <mailto:a@ok.example>")
    for piece in ("<h2>En</h2>", "<strong>tre</strong>", "<em>fire</em>", "<br />", "<li>a</li>", "<blockquote>"):
        assert piece in text
    assert '<a href="https://ok.example/?a=1&amp;b=2" rel="noopener nofollow">lenke</a>' in text
    assert '<a href="mailto:a@ok.example" rel="noopener nofollow">' in text


def test_what_is_written_as_html_stands_there_as_written() -> None:
    """ACC-66: nobody's text disappears."""
    assert "&lt;b&gt;x&lt;/b&gt; 1 &lt; 2 &amp; 3" in html("<b>x</b> 1 < 2 & 3")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_headings_never_skip_a_level_and_leave_the_first_to_the_page(levels: list[int]) -> None:
    """WCAG 1.3.1: whichever level the writer begins with."""
    found = [int(each) for each in re.findall(r"<h(\d)>", html("\n\n".join(f"{'#' * level} x" for level in levels)))]
    assert len(found) == len(levels)
    assert all(here <= before + 1 for before, here in zip([1, *found], found, strict=False))
    assert min(found) >= 2
