"""Letters as PDF: read, set under the practice's letterhead, and kept in the data folder (requirement F8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from perio_pipeline.files import pdf
from perio_pipeline.files.frames import LETTER
from perio_pipeline.files.pdf import About, Letterhead, UnprintableError
from perio_pipeline.files.reading import read
from perio_pipeline.files.shelf import Shelf
from perio_pipeline.panda.frames import table_kinds, typed_frame

_KINDS = table_kinds(LETTER)


@dataclass(frozen=True)
class Paper:
    """What all letters of a practice are set on: its letterhead, its name for the files' author, and its country."""

    letterhead: Letterhead
    author: str
    country: str = "US"


def letter_files(letters: Iterable[pd.DataFrame], paper: Paper, shelf: Shelf) -> Iterator[pd.DataFrame]:
    """Set letters as PDF, piece by piece.

    Args:
        letters: pieces of `validated/letter`; one that may be empty at least.
        paper: what they are set on. A letter that brings a header of its own keeps that.
        shelf: where the files are kept.

    Returns:
        Pieces with the columns of `frames.LETTER`, a row per letter.
    """
    for piece in letters:
        rows = piece.astype(object).where(piece.notna(), None).to_dict("records")
        yield typed_frame(_KINDS, (_file(row, paper, shelf) for row in rows))


def _file(letter: dict[Any, Any], paper: Paper, shelf: Shelf) -> dict[str, object]:
    about = About(
        title=letter["subject"] or "Letter",
        author=paper.author,
        written=letter["written_at"],
        subject="Letter from PANDA Perio",
        reference=f"PANDA letter {letter['letter_id']}, written {letter['written_at']:%Y-%m-%d}",
        country=paper.country,
    )
    row = {name: letter[name] for name in ("letter_id", "patient_id")}
    row |= {"written_date": letter["written_at"].normalize()}
    document = read(letter["body"])
    if document.is_empty:
        return {**row, "problem": "letter_empty"}
    made_of = {"rendering": pdf.RENDERING, "body": letter["body"], "about": asdict(about), "paper": asdict(paper)}
    try:
        stored = shelf.keep(made_of, lambda: pdf.render(document, about, paper.letterhead))
    except UnprintableError:
        return {**row, "problem": "letter_not_printable"}
    return {
        **row,
        "path": str(stored.path),
        "bytes": stored.bytes,
        "sha256": stored.sha256,
        "content_type": pdf.CONTENT_TYPE,
    }
