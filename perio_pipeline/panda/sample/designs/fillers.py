"""Plausible contents of columns that nothing reads: what every database of a practice has besides."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from perio_pipeline.panda.sample.designs.design import Filler
from perio_pipeline.panda.sample.designs.inversion import written_date

Rows = Sequence[Mapping[str, object]]

_START = datetime(2015, 1, 5, 8)
_WORDS = ("recall", "note", "front desk", "called", "insurance", "sent", "copy", "file", "lab", "pending", "done")
_FIRST = ("Alma", "Boris", "Celia", "Dmitri", "Edna", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Karin", "Lorenzo")
_LAST = ("Abbott", "Bergmann", "Castro", "Duval", "Eriksen", "Fuentes", "Galvin", "Horvath", "Ibarra", "Jansen")
_STREETS = ("Alder Lane", "Birch Court", "Cedar Row", "Dogwood Place", "Elm Terrace")
_LOGINS = ("admin", "frontdesk", "mthornquist", "daaltonen", "billing", "svc_bridge")


def _moment(rng: random.Random) -> str:
    return (_START + timedelta(minutes=rng.randrange(6_000_000))).isoformat(sep=" ")


def _person(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def _phone(rng: random.Random) -> str:
    return f"({rng.randrange(201, 989)}) 555-01{rng.randrange(100):02}"  # 555-01xx is set aside for fiction


FILLERS: dict[str, Callable[[random.Random], object]] = {
    "ssn": lambda rng: f"000-{rng.randrange(1, 99):02}-{rng.randrange(1, 9999):04}",  # 000 was never given out
    "money": lambda rng: round(rng.uniform(0, 900), 2),
    "person": _person,
    "surname": lambda rng: rng.choice(_LAST),
    "phone": _phone,
    "mail": lambda rng: f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}@example.net".lower(),
    "street": lambda rng: f"{rng.randrange(1, 9999)} {rng.choice(_STREETS)}",
    "zip": lambda rng: f"{rng.randrange(98001, 98999)}",
    "percent": lambda rng: rng.randrange(0, 101, 5),
    "flag": lambda rng: int(rng.random() < 0.3),
    "yes_no": lambda rng: rng.choice("YN"),
    "moment": _moment,
    "date": lambda rng: _moment(rng)[:10],
    "clock": lambda rng: f"{rng.randrange(7, 18):02}:{rng.randrange(0, 60, 10):02}",
    "login": lambda rng: rng.choice(_LOGINS),
    "guid": lambda rng: hashlib.md5(rng.randbytes(8), usedforsecurity=False).hexdigest(),
    "word": lambda rng: rng.choice(_WORDS),
    "phrase": lambda rng: " ".join(rng.sample(_WORDS, 3)),
    "color": lambda rng: rng.randrange(0, 0xFFFFFF),
    "zero": lambda rng: 0,
}
"""Kind → what makes a value of it; `serial`, `choice`, `range` and `of` are made by `values`."""


def values(
    filler: Filler, count: int, rng: random.Random, tables: Mapping[str, Rows], dates: str = "YYYY-MM-DD"
) -> list[object]:
    """Return the contents of a column.

    Args:
        filler: what they are.
        count: how many.
        rng: decides.
        tables: tables whose columns may be referred to.
        dates: how this design writes days.

    Raises:
        KeyError: a filler, table or column that does not exist.
    """
    if filler.kind == "serial":
        return list(range(1, count + 1))
    make = _maker(filler, tables)
    made = [None if rng.random() < filler.empty else make(rng) for _ in range(count)]
    return [_written(each, dates) for each in made] if filler.kind in ("date", "moment") else made


def _written(moment: object, dates: str) -> object:
    """A date in the design's notation; one that is all digits is a number."""
    if moment is None:
        return None
    text = written_date(str(moment), dates if len(str(moment)) == len("YYYY-MM-DD") else f"{dates} hh:mm:ss")
    return int(text) if text.isdigit() else text


def _maker(filler: Filler, tables: Mapping[str, Rows]) -> Callable[[random.Random], object]:
    if filler.kind == "choice":
        return lambda rng: rng.choice(filler.choices)
    if filler.kind == "range":
        return lambda rng: rng.randint(filler.low, filler.high)
    if filler.kind == "of":
        table, _, column = filler.of.rpartition(".")
        known = [row[column] for row in tables[table] if row.get(column) is not None]
        return lambda rng: rng.choice(known) if known else None
    return FILLERS[filler.kind]
