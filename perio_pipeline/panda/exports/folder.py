"""Which file of an export folder holds which bound table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.exports.uses import TableUse

SUFFIXES = (".csv", ".txt", ".tsv")


def find_files(folder: Path, uses: Mapping[str, TableUse]) -> tuple[dict[str, Path], list[SourceError]]:
    """Return bound table → its file, and an error for every table that has none or several.

    `Patient.csv` and `dbo.Patient.csv` hold the table Patient, whatever their case.

    Raises:
        SourceError: there is no such folder.
    """
    if not folder.is_dir():
        raise SourceError(
            f"The export folder {folder} does not exist.", "Correct `source.folder` in the practice's file."
        )
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    found: dict[str, Path] = {}
    errors: list[SourceError] = []
    for key, use in uses.items():
        mine = [path for path in files if _holds(path, use)]
        if len(mine) == 1:
            found[key] = mine[0]
        elif mine:
            errors.append(
                SourceError(
                    f"Table {use.bound} has {len(mine)} files: {', '.join(path.name for path in mine)}.",
                    f"Keep one of them in {folder}.",
                )
            )
        else:
            errors.append(
                SourceError(
                    f"Table {use.bound} has no file in {folder}.",
                    f"Export it as {use.name}.csv, or correct the bindings.",
                )
            )
    return found, errors


def _holds(path: Path, use: TableUse) -> bool:
    schema, _, name = path.stem.lower().rpartition(".")
    if name != use.name.lower():
        return False
    return not schema or not use.schema or schema == use.schema.lower()
