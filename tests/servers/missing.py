"""What to do where a server cannot be had: install it where that is allowed, else say plainly what could not be tested."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

PREFIX = "Could not test: "


def could_not_test(reason: str) -> NoReturn:
    """Leave the test out and have the summary say why; under CI=true that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(PREFIX + reason, pytrace=False)
    pytest.skip(PREFIX + reason)


def program(name: str, *, package: str, also: str = "") -> str | None:
    """Where a program is, after installing its distribution package as root where it is missing; None if it cannot be had."""
    found = _find(name, also)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(package)
        found = _find(name, also)
    return found


def _find(name: str, also: str) -> str | None:
    if also and Path(also).is_file():
        return also
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def _install(package: str) -> None:
    # Debian starts what it installs, on the default port and for good. We only want the program.
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
            subprocess.run(["apt-get", *arguments], env=environment, check=False, capture_output=True, timeout=600)
    finally:
        if ours:
            policy.unlink()
