"""Reads a whole file once, before anything of it is staged, and says how it is written and what proves it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from perio_pipeline.panda.exports.dialect import Broken, Dialect, batches, find_quoting, read_header, records
from perio_pipeline.panda.exports.encodings import Encoding, find_encoding, open_text
from perio_pipeline.panda.exports.evidence import ColumnEvidence
from perio_pipeline.panda.exports.uses import TableUse


@dataclass(frozen=True)
class Survey:
    """What is known of a file.

    Attributes:
        file: its name.
        table: the table it holds, without a schema.
        sha256: of its bytes.
        encoding, dialect: how it is written.
        columns: all columns in order; bound ones as the bindings spell them.
        rows: below the header, broken ones among them.
        broken: how many are; where there are some, nothing else was looked at.
        listed: the first of them.
        evidence: column → what its values prove.
    """

    file: str
    table: str
    sha256: str
    encoding: Encoding
    dialect: Dialect
    columns: list[str]
    rows: int
    broken: int
    listed: list[Broken]
    evidence: dict[str, ColumnEvidence]


SURVEY = TypeAdapter(Survey)
"""Writes a survey as JSON, and reads it again."""


def sha256(path: Path) -> str:
    """Return the digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def survey(path: Path, use: TableUse, digest: str) -> Survey:
    """Read a file and gather what it proves.

    Raises:
        SourceError: bytes of another encoding, no header, a bound column is missing.
    """
    encoding = find_encoding(path)
    delimiter, columns = read_header(path, encoding, use)
    quoting, tally = find_quoting(path, encoding, delimiter, len(columns))
    dialect = Dialect(delimiter, quoting)
    evidence = {} if tally.broken else _evidence(path, encoding, dialect, columns, use)
    return Survey(
        path.name,
        use.name,
        digest,
        encoding,
        dialect,
        columns,
        tally.rows,
        tally.broken,
        tally.listed,
        evidence,
    )


def _evidence(
    path: Path, encoding: Encoding, dialect: Dialect, columns: list[str], use: TableUse
) -> dict[str, ColumnEvidence]:
    evidence = {name: ColumnEvidence.wanted(use.columns.get(name.lower())) for name in columns}
    with open_text(path, encoding) as text:
        for batch in batches(records(text, dialect)):
            lines = [line for line, _ in batch]
            for name, values in zip(columns, zip(*(row for _, row in batch), strict=True), strict=True):
                evidence[name].take(lines, values)
    return evidence
