"""The portal installed on a telephone or computer: its manifest, its icons drawn from the mark, and what it shows without a network."""

import io
import re
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, render_template, url_for
from PIL import Image, ImageDraw

from chassis.service import Peers
from services.gateway import texts
from services.gateway.config import Config

MARK = Path(__file__).parents[1] / "static" / "mark.svg"
SIZES = (192, 512)
# Drawn so much larger and then made smaller: lines get smooth edges.
FINER = 4
_SHAPE = re.compile(r'<path d="(?P<d>[^"]+)" (?P<look>[^>]+)>')
_STEP = re.compile(r"([MHVhvl])|(-?\d*\.?\d+)")
_DAY = 86400


def blueprint(_peers: Peers, _config: Config) -> Blueprint:
    """The routes."""
    pages = Blueprint("installed", __name__)

    @pages.get("/manifest.webmanifest")
    def manifest() -> Response:
        return Response(render_template("installed/manifest.json", sizes=SIZES), mimetype="application/manifest+json")

    @pages.get("/icon-<int:size>.png")
    def icon(size: int) -> Response:
        if size not in (*SIZES, 180):
            return Response("", 404)
        return Response(drawn(size), mimetype="image/png", headers={"Cache-Control": f"public, max-age={_DAY}"})

    @pages.get("/service-worker.js")
    def worker() -> Response:
        kept = [url_for("installed.offline"), *(url_for("static", filename=name) for name in ("kontor.css", "mark.svg", "icons.svg"))]
        return Response(render_template("installed/worker.js", kept=kept), mimetype="text/javascript")

    @pages.get("/offline")
    def offline() -> str:
        return render_template("installed/offline.html", title=texts._("No network"))

    return pages


@cache
def drawn(size: int) -> bytes:
    """The mark as PNG, its ground to the edges, so that systems may cut it to any shape of theirs."""
    whole = size * FINER
    shapes = [(each["d"], each["look"]) for each in _SHAPE.finditer(MARK.read_text())]
    ground = next(found[1] for _, look in shapes if (found := re.search(r'fill="(#\w+)"', look)))
    picture = Image.new("RGB", (whole, whole), ground)
    for path, look in shapes:
        stroke = re.search(r'stroke="(#\w+)" stroke-width="([\d.]+)"', look)
        if stroke:
            _stroke(ImageDraw.Draw(picture), _lines(path), whole, colour=stroke[1], width=float(stroke[2]))
    written = io.BytesIO()
    picture.resize((size, size), Image.Resampling.LANCZOS).save(written, "PNG", optimize=True)
    return written.getvalue()


def _stroke(pen: ImageDraw.ImageDraw, lines: list[list[tuple[float, float]]], whole: int, *, colour: str, width: float) -> None:
    """The lines of a drawing of 32 by 32, four fifths as large, in the middle."""
    scale, edge = whole * 0.8 / 32, whole * 0.1
    for line in lines:
        pen.line([(edge + x * scale, edge + y * scale) for x, y in line], fill=colour, width=round(width * scale), joint="curve")


def _lines(path: str) -> list[list[tuple[float, float]]]:
    """The straight lines of an SVG path that has no others."""
    steps = _STEP.findall(path)
    lines: list[list[tuple[float, float]]] = []
    at, command, numbers = (0.0, 0.0), "", list[float]()
    for letter, number in steps:
        command, numbers = (letter, []) if letter else (command, [*numbers, float(number)])
        if len(numbers) < (2 if command in "Ml" else 1):
            continue
        at = _moved(at, command, numbers)
        if command == "M":
            lines.append([])
        lines[-1].append(at)
        numbers = []
    return lines


def _moved(at: tuple[float, float], command: str, numbers: list[float]) -> tuple[float, float]:
    """Where one step of a path leads: capitals say where, small letters how far."""
    (x, y), first, last = at, numbers[0], numbers[-1]
    match command:
        case "M":
            return first, last
        case "l":
            return x + first, y + last
        case "h" | "H":
            return (first if command == "H" else x + first), y
    return x, (first if command == "V" else y + first)
