"""How far a long step has come, for whoever listens: the `perio` command shows bars, Dagster's UI needs none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Progress:
    """`done` of `total` records of a step, such as `load highlevel contacts`."""

    step: str
    done: int
    total: int


@dataclass(frozen=True)
class Waiting:
    """The CRM's limit makes a step wait until a moment, in UTC."""

    until: datetime


@dataclass(frozen=True)
class Notice:
    """Something people want to know now, in a sentence without values."""

    text: str


Report = Progress | Waiting | Notice

_listeners: list[Callable[[Report], None]] = []


def report(step: str, done: int, total: int) -> None:
    """Tell all listeners; does nothing where nobody listens."""
    for listener in _listeners:
        listener(Progress(step, done, total))


def waiting(seconds: float, until: datetime) -> None:
    """Tell all listeners of a long wait as it begins."""
    for listener in _listeners:
        listener(Waiting(until))


def notice(text: str) -> None:
    """Tell all listeners something in a sentence."""
    for listener in _listeners:
        listener(Notice(text))


@contextmanager
def listening(listener: Callable[[Report], None]) -> Iterator[None]:
    """Listen for as long as the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
