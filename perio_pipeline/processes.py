"""Which process this is, so that another one can tell later whether it is still there. Reads Linux's /proc."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import uuid4

ENDED = frozenset("ZX")
"""States of a process that has ended and was not collected yet: proc_pid_stat(5)."""


@dataclass(frozen=True)
class Process:
    """A process.

    Attributes:
        host: name of its machine, for people.
        machine: where its number means it: this boot of the machine, and the container in it.
        number: its number there.
        started: when, in the kernel's ticks; a number is used again, together with this it is not.
    """

    host: str
    machine: str
    number: int
    started: str


def this_process() -> Process:
    """Return the process that asks."""
    return Process(socket.gethostname(), _machine(), os.getpid(), started(os.getpid()))


def started(number: int) -> str:
    """Return when the process of that number started on this machine; nothing where there is none that runs."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()  # the name before it may hold anything
    return "" if fields[0] in ENDED else fields[19]


@cache
def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # no Linux: nobody can be looked up by number, here or elsewhere
        return str(uuid4())
