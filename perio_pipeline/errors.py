"""The error tree: every error a person can act on, with what is wrong, where, and what would be right.

PerioError
├── SettingsError      the practice file or the environment
├── SourceError        the PANDA database: unreachable, a missing table or column
├── MappingError       a mapping file: file, line, entry and what would be right
├── JournalError       the journal's database: full, read-only, out of reach, or changed by others
├── DestinationError   the CRM: wrong token, wrong location, missing scope, refused set-up
└── GateError          a rule of ours that forbids to go on (no BAA, unconfirmed mapping, run in progress)

Messages hold names of files, fields and settings, ids and counts; never a patient's values.
"""

from __future__ import annotations


class PerioError(Exception):
    """Something a person can put right.

    Args:
        problem: what is wrong and where, one sentence.
        remedy: what to do about it, one sentence in the imperative.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem} {remedy}")


class SettingsError(PerioError):
    """The practice file or the environment is incomplete or wrong."""


class SourceError(PerioError):
    """The PANDA database cannot be read as bound in mappings/panda.yaml."""


class MappingError(PerioError):
    """An entry of a mapping file cannot be used."""

    def __init__(self, file: str, line: int, entry: str, problem: str, remedy: str) -> None:
        self.file, self.line, self.entry = file, line, entry
        super().__init__(f"{file}:{line}: {entry}: {problem}", remedy)


class JournalError(PerioError):
    """The journal's database cannot be used as it is; what was written is safe."""


class DestinationError(PerioError):
    """The CRM account refuses us or lacks something the mapping needs."""


class GateError(PerioError):
    """A safety rule of the pipeline forbids to go on."""
