"""What a renderer may still ask of the kernel once it holds the file: to compute, to read what is open and to write its answer."""

import ctypes
import os
import platform
import struct

# Number on x86-64, number on 64-bit ARM. Opening, connecting, starting, signalling and changing anything are not among them.
ALLOWED = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "lseek": (8, 62), "mmap": (9, 222), "mprotect": (10, 226),
    "munmap": (11, 215), "brk": (12, 214), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "pread64": (17, 67), "readv": (19, 65), "writev": (20, 66), "sched_yield": (24, 124), "mremap": (25, 216), "madvise": (28, 233),
    "getpid": (39, 172), "exit": (60, 93), "gettimeofday": (96, 169), "getrusage": (98, 165), "sigaltstack": (131, 132),
    "gettid": (186, 178), "futex": (202, 98), "sched_getaffinity": (204, 123), "restart_syscall": (219, 128),
    "clock_gettime": (228, 113), "exit_group": (231, 94), "getrandom": (318, 278), "rseq": (334, 293),
}  # fmt: skip
# How a library ends the process when it has no memory left; of others' threads it must not be.
_TGKILL = (234, 131)
# The machine's name, its number for seccomp (AUDIT_ARCH_…), and its column above.
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_LOAD, _EQUAL, _ANSWER = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # SECCOMP_RET_ALLOW, …_ERRNO with EPERM, …_KILL_PROCESS
_NUMBER_AT, _MACHINE_AT, _ARGUMENT_AT = 0, 4, 16  # in struct seccomp_data; of the first argument the lower half
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_all_others(libc: ctypes.CDLL) -> None:
    """Have the kernel refuse everything that is not allowed above, for good. Raises OSError where it cannot."""
    if platform.machine() not in _MACHINES:
        raise OSError(f"no list of system calls for {platform.machine()}")
    code = _filter(*_MACHINES[platform.machine()])
    program = _Program(len(code) // 8, code)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def _filter(machine: int, column: int) -> bytes:
    """The program in classic BPF: another machine's calls kill, ours are looked up one after the other."""
    numbers = [each[column] for each in ALLOWED.values()]
    steps = [(_LOAD, 0, 0, _MACHINE_AT), (_EQUAL, 1, 0, machine), (_ANSWER, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER_AT)]
    # The last four steps: those who signal must mean themselves; refused; allowed.
    steps += [(_EQUAL, len(numbers) - place + 3, 0, number) for place, number in enumerate(numbers)]
    steps += [(_EQUAL, 0, 2, _TGKILL[column]), (_LOAD, 0, 0, _ARGUMENT_AT), (_EQUAL, 1, 0, os.getpid())]
    steps += [(_ANSWER, 0, 0, _REFUSE), (_ANSWER, 0, 0, _ALLOW)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
