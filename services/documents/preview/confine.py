"""Lock this process in before it looks at a file: little memory, little time, no network, no other files, no way back."""

import ctypes
import os
import resource
import signal

from services.documents.preview import limits
from services.documents.preview.syscalls import refuse_all_others

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
_OPEN_FILES = 16


def lock_in(*, memory: int, seconds: int) -> None:
    """Allow ``memory`` bytes of address space and ``seconds`` of processor time. Raises OSError where a wall cannot be built.

    A network of its own, and empty, is had only where the kernel lets us; what closes the network everywhere is that no socket can be made.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    # Whoever waits for this process is gone: then nobody would stop it.
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC)
    os.nice(10)
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, limits.OUTPUT),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    # The signal that says why it ended comes a second before the one that cannot be told from others.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    refuse_all_others(libc)
