"""Plants canaries in a sample practice: values nobody else has, wherever something is said about a patient.

What was wrong with a value stays wrong with its canary, so that it is quarantined, cleared or refused as before.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

STEM = "Zyquo"
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+")

Plant = Callable[[int, str], tuple[str, list[str]]]
"""Number and value that was there → the value to be there, and the canaries in it."""


def word(number: int) -> str:
    """A word that stands in no book."""
    sides = len(_SYLLABLES)
    return STEM + _SYLLABLES[number // sides % sides] + _SYLLABLES[number % sides]


def _name(number: int, old: str) -> tuple[str, list[str]]:
    canary = word(number)
    return (canary if old.isalpha() else f"{old} {canary}"), [canary]


def _text(number: int, old: str) -> tuple[str, list[str]]:
    return f"{old} {word(number)}", [word(number)]


def _email(number: int, old: str) -> tuple[str, list[str]]:
    canary = word(number).lower()
    return (f"{canary}@example.com" if _EMAIL.fullmatch(old) else f"{canary} at {old}"), [canary]


def _phone(number: int, old: str) -> tuple[str, list[str]]:
    area, exchange, line = "907", "743", f"{number % 10_000:04}"
    if len(re.sub(r"\D", "", old)) not in (10, 11):
        wrong = f"{area}{exchange}{line}0099"
        return wrong, [wrong]
    forms = [f"({area}) {exchange}-{line}", f"{area}{exchange}{line}"]
    forms += [between.join((area, exchange, line)) for between in "-. "]
    return forms[0], forms


def _document(number: int, old: str) -> tuple[str, list[str]]:
    """Into the text of RTF, HTML or plain text."""
    canary = word(number)
    for end in ("\\par}", "}", "</p>", "</body>"):
        head, found, tail = old.rpartition(end)
        if found:
            return f"{head} {canary} {end}{tail}", [canary]
    return f"{old} {canary}", [canary]


def _number(number: int, old: str) -> tuple[str, list[str]]:
    canary = word(number).upper()
    return f"{canary}{old[-4:]}", [canary]


def _born(number: int, old: str) -> tuple[str, list[str]]:
    """Dates before which nobody who is treated today was born, but for the canaries."""
    year, month, day = 1921 + number % 9, 1 + number // 9 % 12, 1 + number // 108 % 28
    if not re.match(r"(19|20)\d\d-\d\d-\d\d", old):
        return old, []
    return f"{year}-{month:02}-{day:02}{old[10:]}", [f"{year}-{month:02}-{day:02}", f"{month:02}/{day:02}/{year}"]


PLANTED: dict[str, dict[str, Plant]] = {
    "Account": {
        "FirstName": _name, "LastName": _name, "Street": _text, "Street2": _text, "City": _text, "HomePhone": _phone,
        "WorkPhone": _phone,
    },
    "Patient": {
        "FirstName": _name, "LastName": _name, "NickName": _name, "Email": _email, "HomePhone": _phone,
        "CellPhone": _phone, "WorkPhone": _phone, "BirthDate": _born, "SSN": _number,
    },
    "PatReferral": {"Reason": _text},
    "Visit": {"ProcDescript": _text, "VisitNote": _document},
    "PerioExam": {"Remark": _text},
    "TxPlan": {"Heading": _text, "Remark": _text},
    "TxItem": {"Descript": _text},
    "InstaNote": {"NoteBody": _document},
    "Letter": {"Subject": _text, "LetterRtf": _document},
    "InsPolicy": {"CarrierName": _text, "SubscriberNo": _number, "GroupNo": _number},
    "CustomFinding": {"FindingName": _text, "FindingValue": _text},
    "Ledger": {"Descript": _text},
}  # fmt: skip
"""Table and column of the sample → how a canary is planted there. File names come on top."""


def plant(database: Path, images: Path) -> dict[str, str]:
    """Plant canaries in every row, and in the names of the image files; returns canary → table and column."""
    numbers, planted = count(), {}
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, columns in PLANTED.items():
            for column, how in columns.items():
                rows = connection.execute(f"select rowid, {column} from {table} where {column} <> ''").fetchall()
                for row, old in rows:
                    as_bytes = isinstance(old, bytes)
                    new, canaries = how(next(numbers), old.decode("cp1252", "replace") if as_bytes else str(old))
                    value = new.encode("cp1252", "replace") if as_bytes else new
                    connection.execute(f"update {table} set {column} = ? where rowid = ?", [value, row])
                    planted |= dict.fromkeys(canaries, f"{table}.{column}")
        for row, recorded in connection.execute("select rowid, FilePath from ImageRef").fetchall():
            canary = word(next(numbers))
            folder, name = re.fullmatch(r"(.*[\\/])?([^\\/]+)", recorded or "x").groups("")
            new = f"{folder}{canary}_{name}"
            connection.execute("update ImageRef set FilePath = ? where rowid = ?", [new, row])
            planted[canary] = "ImageRef.FilePath"
            file = images / recorded.replace("\\", "/")
            if recorded and file.is_file():
                file.rename(images / new.replace("\\", "/"))
    return planted
