"""The documentation of the REST API: as an OpenAPI document, and as a page that needs no script and no other site."""

import json
import re
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template
from markupsafe import Markup, escape

from services.gateway.rest.routes import VERBS

FOLDER = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
LIMITS = {
    "minLength": "at least {} characters", "maxLength": "at most {} characters", "minimum": "from {}", "maximum": "to {}",
    "minItems": "at least {}", "maxItems": "at most {}",
}  # fmt: skip
EXAMPLES = {"uuid": "0192f0c1-7d5e-7000-8000-000000000001", "email": "ingrid@example.com", "date-time": "2026-05-31T12:00:00.000000Z"}
# The bounds of the type itself are not worth a word.
INT32 = (1 << 31) - 1
# Objects within objects that a table follows.
DEPTH = 3


def add(app: Flask, document: dict[str, Any]) -> None:
    """Serve /api/openapi.json and /api/docs."""
    text, headers = json.dumps(document, ensure_ascii=False), {"Cache-Control": "no-cache"}
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.add_template_filter(prose)

    @app.get("/api/openapi.json")
    def openapi() -> Response:
        # Tools that show OpenAPI documents run in other sites' pages; nothing in it is secret.
        return Response(text, mimetype="application/json", headers={**headers, "Access-Control-Allow-Origin": "*"})

    @app.get("/api/docs.css")
    def style() -> Response:
        return Response((FOLDER / "templates" / "docs.css").read_bytes(), mimetype="text/css", headers=headers)

    @app.get("/api/docs")
    def docs() -> Response:
        page = render_template("docs.html", document=document, groups=groups(document), shown=Shown(document))
        return Response(page, headers={**headers, "Content-Security-Policy": POLICY})


def prose(text: str) -> Markup:
    """Comments as HTML: paragraphs, lists of lines that start with an asterisk, and code between backticks."""
    blocks = []
    for block in text.strip().split("\n\n"):
        marked = re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(block)))
        if marked.startswith("* "):
            items = "".join(f"<li>{item.strip()}</li>" for item in re.split(r"(?:^|\n)\* ", marked) if item.strip())
            blocks.append(f"<ul>{items}</ul>")
        elif marked:
            blocks.append(f"<p>{marked}</p>")
    return Markup("".join(blocks))  # noqa: S704 - escaped above


def groups(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The operations of each tag, in the order of the contract."""
    operations = [
        {"verb": verb, "path": path, **item[verb]} for path, item in document["paths"].items() for verb in VERBS if verb in item
    ]
    return [tag | {"operations": [each for each in operations if tag["name"] in each["tags"]]} for tag in document["tags"]]


class Shown:
    """Puts schemas into tables and examples."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = document["components"]["schemas"]

    def rows(self, schema: dict[str, Any], *, above: str = "") -> list[dict[str, Any]]:
        """Name, type, whether required, and meaning of every field; those of inner objects by their path."""
        found, rows = self._resolved(schema), []
        for name, inner in found.get("properties", {}).items():
            at, required = f"{above}{name}", name in found.get("required", ())
            rows.append({"name": at, "required": required, "kind": self.kind(inner), "text": inner.get("description", "")})
            deeper = self._resolved(inner.get("items", inner))
            if "properties" in deeper and at.count(".") < DEPTH:
                rows += self.rows(deeper, above=f"{at}[]." if "items" in inner else f"{at}.")
        return rows

    def parameters(self, parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same rows, of parameters."""
        return [
            each | {"name": f"{each['name']} in {each['in']}", "kind": self.kind(each["schema"]), "text": each["description"]}
            for each in parameters
        ]

    def kind(self, schema: dict[str, Any]) -> str:
        """A schema in a few words."""
        found = self._resolved(schema)
        limits = [text.format(found[key]) for key, text in LIMITS.items() if key in found and abs(found[key]) < INT32]
        if "enum" in found:
            return " | ".join(each or '""' for each in found["enum"])
        if found["type"] == "array":
            return ", ".join([f"list of {self.kind(found['items'])}", *limits])
        return ", ".join([found.get("format") or found["type"], *limits])

    def example(self, schema: dict[str, Any]) -> str:
        """An example of a body, as JSON text."""
        return json.dumps(self._value(schema), indent=2, ensure_ascii=False)

    def _value(self, schema: dict[str, Any]) -> Any:
        found = self._resolved(schema)
        if "enum" in found:
            return found["enum"][-1]
        match found["type"]:
            case "object":
                return {name: self._value(inner) for name, inner in found.get("properties", {}).items()}
            case "array":
                return [self._value(found["items"])]
            case "integer":
                return max(1, found["minimum"])
            case "boolean":
                return True
        return EXAMPLES.get(found.get("format", ""), "text")

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        return found
