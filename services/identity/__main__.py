"""Run the identity service: `python -m services.identity`."""

from services.__main__ import main

if __name__ == "__main__":
    main(["run", "identity"])
