"""Run the linking service: `python -m services.linking`."""

from services.__main__ import main

if __name__ == "__main__":
    main(["run", "linking"])
