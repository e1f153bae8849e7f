"""What a database's error means: whether it passes by itself, and what a person can do about it.

A driver's text may repeat values of the statement or of rows. It is looked at for its numbers, and never quoted.
"""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError

from perio_pipeline.errors import SourceError

GUIDE = "see docs/sql-server.md"

_NUMBER = re.compile(r"\((\d+)\) \(SQL")
"""Where pyodbc writes SQL Server's own number: before the function that failed."""

DEADLOCK, LOCKED, MOVED, CONFLICT = 1205, 1222, 601, 3960
_FREETDS = {20003, 20004, 20006, 20017, 20047}
"""FreeTDS' own numbers of a connection that was cut."""

_CUT = {64, 121, 233, 10053, 10054, 10060, *_FREETDS}
_PASSING_NUMBERS = {DEADLOCK, LOCKED, MOVED, CONFLICT, 40197, 40501, 40613, *_CUT}
_PASSING_STATES = {"08S01", "08001", "08003", "08007", "40001", "HYT00", "HYT01"}

_CAUSES: tuple[tuple[frozenset[int | str], str, str], ...] = (
    (
        frozenset({229, 230, 300}),
        "the login may not read it",
        f"Grant the login SELECT on it, best by the role db_datareader; {GUIDE}.",
    ),
    (frozenset({208}), "it is not there", "Correct its name in the bindings file, or choose another database."),
    (frozenset({207, 4104}), "a column that is bound is not there", "Correct its columns in the bindings file."),
    (
        frozenset({241, 242, 245, 8114, 8115, "22003", "22007", "22018", "HY106", "HYC00"}),
        "a column is of a type that cannot be read",
        f"Bind another column, or a view that converts it; {GUIDE}.",
    ),
    (frozenset({18456, 18452, "28000"}), "the login was refused", "Check the login and the password in `source.url`."),
    (frozenset({4060, 911, 916}), "the login may not open this database", f"Make a user for it there; {GUIDE}."),
    (
        frozenset({DEADLOCK, LOCKED, "40001"}),
        "others hold locks on it for too long",
        f"Run it again at a quieter time, or have SNAPSHOT isolation allowed; {GUIDE}.",
    ),
    (
        frozenset({MOVED, CONFLICT, 3951, 3952, 3961}),
        "the database was changed too much while it was read",
        "Run it again when nobody changes the database's tables.",
    ),
    (
        frozenset({"IM002", "IM003", "IM004"}),
        "the ODBC driver cannot be loaded",
        f"Install Microsoft's ODBC Driver 18, or correct `driver=` in `source.url`; {GUIDE}.",
    ),
    (
        frozenset({"08S01", "08003", "08007", *_CUT}),
        "the connection was cut",
        "Check the network and the server, then run it again.",
    ),
    (frozenset({"HYT00", "HYT01", "08001"}), "the server does not answer", "Check that it runs and can be reached."),
)


def passes(error: DBAPIError) -> bool:
    """Whether the same statement may well succeed if it is tried again."""
    broken = error.connection_invalidated or "in TDS stream" in str(error.orig)
    return broken or bool(_signs(error) & (_PASSING_NUMBERS | _PASSING_STATES))


def explained(error: DBAPIError, what: str) -> SourceError:
    """Return what a person can read and act on.

    Args:
        error: of the database.
        what: could not be read.
    """
    cause, remedy = _cause(error)
    return SourceError(f"{what} cannot be read: {cause} ({_name(error)}).", remedy)


def _cause(error: DBAPIError) -> tuple[str, str]:
    text, signs = str(error.orig), _signs(error)
    if "08001" in signs and "certificate" in text:
        remedy = f"Install a certificate that this machine trusts on the server, or its CA here; {GUIDE}."
        return "the server's certificate was not accepted", remedy
    if "Can't open lib" in text:
        signs = {"IM003"}
    for known, cause, remedy in _CAUSES:
        if signs & known:
            return cause, remedy
    return "the database refused", "Check that the server runs, that the network reaches it, and `source.url`."


def _signs(error: DBAPIError) -> set[int | str]:
    """The ODBC state and SQL Server's numbers, where the driver gives them."""
    values: tuple[object, ...] = getattr(error.orig, "args", ())
    state: set[int | str] = {each for each in values[:1] if len(values) > 1 and isinstance(each, str)}
    return state | {int(number) for number in _NUMBER.findall(str(error.orig)) if int(number)}


def _name(error: DBAPIError) -> str:
    signs = sorted(str(sign) for sign in _signs(error))
    return ", ".join([type(error.orig).__name__, *signs])
