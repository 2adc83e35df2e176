"""Run the documents service: `python -m services.documents`."""

from services.__main__ import main

if __name__ == "__main__":
    main(["run", "documents"])
