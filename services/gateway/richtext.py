"""Text with headings, lists, emphasis and links, as the firm's administrators write it (Markdown), made safe to show."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

SCHEMES = {"http", "https", "mailto"}
# The page's own heading is the first level.
TOP = 2


def html(markdown: str) -> Markup:
    """The text as HTML of our own making: what is written as HTML stands there as written, pictures and other links are left as text."""
    return Markup(_markdown.render(markdown))  # noqa: S704 - markdown-it escapes all text; tests/gateway/test_richtext.py tries to break it


def _allowed(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme.lower() in SCHEMES and bool(parts.netloc or parts.scheme.lower() == "mailto")


def _link(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, _env: object) -> str:
    tokens[at].attrSet("rel", "noopener nofollow")
    return renderer.renderToken(tokens, at, options, {})


def _heading(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: dict[str, int]) -> str:
    """No level is skipped, whichever the writer began with: readers by ear go from heading to heading."""
    token = tokens[at]
    if token.nesting > 0:
        env["level"] = min(max(int(token.tag[1]), TOP), env.get("level", TOP - 1) + 1)
    token.tag = f"h{env['level']}"
    return renderer.renderToken(tokens, at, options, {})


def _made() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(["image", "html_block", "html_inline"])
    made.validateLink = _allowed  # type: ignore[assignment,method-assign]
    made.add_render_rule("link_open", _link)
    for name in ("heading_open", "heading_close"):
        made.add_render_rule(name, _heading)
    return made


_markdown = _made()
