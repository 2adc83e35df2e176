"""Run the gateway service: `python -m services.gateway`."""

from services.__main__ import main

if __name__ == "__main__":
    main(["run", "gateway"])
