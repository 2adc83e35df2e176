"""Run the messaging service: `python -m services.messaging`."""

from services.__main__ import main

if __name__ == "__main__":
    main(["run", "messaging"])
