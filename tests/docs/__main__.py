"""Bring the generated parts of docs/ up to date: `python -m tests.docs`."""

from tests.docs import generated

if __name__ == "__main__":
    generated.write()
