"""The files of the repository, as a commit would have them, and the names in them."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = tuple(sorted(path.name for path in (ROOT / "services").iterdir() if any(path.glob("*.py"))))


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked or would be by the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(sorted(path for name in listed if name and (path := ROOT / name).is_file()))


def modules(*folders: str) -> list[Path]:
    """The Python files below these folders, or all."""
    below = [ROOT / folder for folder in folders] or [ROOT]
    return [path for path in files() if path.suffix == ".py" and any(path.is_relative_to(folder) for folder in below)]


def tree(path: Path) -> ast.Module:
    """A module, parsed."""
    return ast.parse(path.read_text(), str(path))


def shown(path: Path) -> str:
    """A path as people write it."""
    return path.relative_to(ROOT).as_posix()
