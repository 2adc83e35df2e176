"""The app on a person's telephone that shows the codes to sign in with."""

import threading
import time

import pyotp

STEP_SECONDS = 30


class Authenticator:
    """Each code opens one thing only, so a code is never shown twice; the one of the present step was shown before if `used`."""

    def __init__(self, secret: str, *, used: bool = True) -> None:
        self._codes, self._last = pyotp.TOTP(secret), _step() if used else 0

    def code(self) -> str:
        """The next code that was not used yet; waits where the clock is too far behind for it (the server allows one step)."""
        wanted, waiting = max(self._last + 1, _step()), threading.Event()
        while _step() + 1 < wanted:
            waiting.wait(0.2)
        self._last = wanted
        return str(self._codes.at(wanted * STEP_SECONDS))


def _step() -> int:
    return int(time.time()) // STEP_SECONDS
