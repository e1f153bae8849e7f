"""Stages a folder of exports as a SQLite file, one table after the other; what has not changed is not staged again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.bindings import Bindings
from perio_pipeline.panda.exports.book import Book, open_book
from perio_pipeline.panda.exports.dates import Order
from perio_pipeline.panda.exports.dialect import LISTED, batches, records
from perio_pipeline.panda.exports.encodings import open_text
from perio_pipeline.panda.exports.evidence import EMPTY
from perio_pipeline.panda.exports.folder import find_files
from perio_pipeline.panda.exports.reading import Convert, FileReading, decide
from perio_pipeline.panda.exports.survey import SURVEY, Survey, sha256, survey
from perio_pipeline.panda.exports.uses import TableUse, table_uses
from perio_pipeline.yamlfile import digest

STAGER = 1
"""Raised whenever the same file would be staged otherwise than before."""
SETTLED_SECONDS = 2
"""A file touched a moment ago may be touched again without its time changing."""


@dataclass(frozen=True)
class Staged:
    """What came of staging.

    Attributes:
        surveys: table → what is known of its file.
        readings: table → how its file was read; none for files that are not staged.
        fresh: tables staged now.
        errors: what stands in the way.
    """

    surveys: dict[str, Survey]
    readings: dict[str, FileReading]
    fresh: tuple[str, ...]
    errors: tuple[SourceError, ...]

    def check(self) -> None:
        """Make sure that every bound table is staged.

        Raises:
            SourceError: all that stands in the way.
        """
        if self.errors:
            problems = dict.fromkeys(error.problem for error in self.errors)
            remedies = dict.fromkeys(error.remedy for error in self.errors)
            raise SourceError(" ".join(problems), " ".join(remedies))


def stage(folder: Path, bindings: Bindings, into: Path, stated: Order | None, today: date) -> Staged:
    """Stage the files of all bound tables; those that can be, even where others cannot.

    Args:
        folder: the exports.
        bindings: what is read of them.
        into: the SQLite file.
        stated: the order of day and month that holds where nothing proves one.
        today: the last day on which somebody can have been born.

    Raises:
        SourceError: there is no such folder, or nothing can be written.
    """
    uses = table_uses(bindings)
    files, errors = find_files(folder, uses)
    with open_book(into) as book:
        stager = _Stager(book, digest(bindings))
        surveys: dict[str, Survey] = {}
        for key, path in files.items():
            try:
                surveys[key] = stager.survey(path, uses[key])
            except SourceError as error:
                errors.append(error)
        readings, undecided = decide(surveys, uses, stated, today)
        errors += [*undecided, *_broken(list(surveys.values()))]
        fresh = []
        for key in list(readings):
            try:
                if stager.stage(files[key], readings[key]):
                    fresh.append(uses[key].name)
            except SourceError as error:
                errors.append(error)
                del readings[key]
        stager.drop_all_but(uses)
    return Staged(surveys, readings, tuple(fresh), tuple(errors))


class _Stager:
    """Surveys and stages files, and remembers both."""

    def __init__(self, book: Book, bindings: str) -> None:
        self._book, self._bindings = book, bindings

    def survey(self, path: Path, use: TableUse) -> Survey:
        known = self._digest(path)
        fingerprint = hashlib.sha256(f"{known} {self._bindings} {STAGER}".encode()).hexdigest()
        text = self._book.survey(path.name, fingerprint)
        if text is not None:
            return SURVEY.validate_json(text)
        before = _stamp(path)
        made = survey(path, use, known)
        _check_same(path, before)
        self._book.keep_survey(path.name, fingerprint, SURVEY.dump_json(made).decode())
        return made

    def stage(self, path: Path, reading: FileReading) -> bool:
        """Stage a file; False where it was staged before."""
        table, fingerprint = reading.survey.table, reading.fingerprint(self._bindings, STAGER)
        if self._book.is_staged(table, fingerprint):
            return False
        with self._book.alone():
            before = _stamp(path)
            if sha256(path) != reading.survey.sha256:
                raise _changed(path)
            self._book.write(table, reading.survey.columns, _rows(path, reading), fingerprint)
            _check_same(path, before)
        return True

    def drop_all_but(self, uses: Mapping[str, TableUse]) -> None:
        """Drop tables that no binding names any more: patients' values stay no longer than they are needed."""
        if all(table.lower() in uses for table in self._book.tables()):
            return
        with self._book.alone():
            for table in self._book.tables():
                if table.lower() not in uses:
                    self._book.drop(table)

    def _digest(self, path: Path) -> str:
        stamp = _stamp(path)
        known = self._book.digest(path.name, stamp)
        if known is None:
            known = sha256(path)
            if stamp == _stamp(path) and time.time() - path.stat().st_mtime > SETTLED_SECONDS:
                self._book.keep_digest(path.name, stamp, known)
        return known


def _rows(path: Path, reading: FileReading) -> Iterator[Iterator[Sequence[object]]]:
    """Batches of a file's rows, each value as it is staged."""
    nothing = {*EMPTY, *reading.null_words}
    converts = [reading.columns[name].convert() for name in reading.survey.columns]
    with open_text(path, reading.survey.encoding) as text:
        for batch in batches(records(text, reading.survey.dialect)):
            columns = zip(*(row for _, row in batch), strict=True)
            yield zip(
                *(_column(values, convert, nothing) for values, convert in zip(columns, converts, strict=True)),
                strict=True,
            )


def _column(values: Sequence[str], convert: Convert | None, nothing: set[str]) -> list[str | bytes | None]:
    if convert is None:
        return [None if value in nothing else value for value in values]
    return [None if value in nothing else convert(value) for value in values]


def _broken(surveys: Sequence[Survey]) -> list[SourceError]:
    """One error that lists the first broken rows of all files and counts all of them."""
    rows = sum(survey.broken for survey in surveys)
    if not rows:
        return []
    listed = [f"{survey.file}, line {row.line}: {row.found}" for survey in surveys for row in survey.listed][:LISTED]
    more = f"; and {rows - len(listed)} more" if rows > len(listed) else ""
    return [
        SourceError(
            f"{rows} broken rows; nothing of their files is staged: {'; '.join(listed)}{more}.",
            "Export these files again, with quotes around texts and quotes inside doubled; or mend these lines. The "
            "other files stay staged.",
        )
    ]


def _stamp(path: Path) -> str:
    """What changes when a file is written to."""
    stat = path.stat()
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


def _check_same(path: Path, before: str) -> None:
    if _stamp(path) != before:
        raise _changed(path)


def _changed(path: Path) -> SourceError:
    return SourceError(f"{path.name} changed while it was read.", "Wait until it is written as a whole; start again.")
