"""Run the notify service: `python -m services.notify`."""

from services.__main__ import main

if __name__ == "__main__":
    main(["run", "notify"])
