"""Checks of the PANDA database as a whole: access, size, and what in it no binding reads (G1, G2, G5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from perio_pipeline.panda.inventory import Inventory
from perio_pipeline.panda.trial import Failure, Limit
from perio_pipeline.preflight.checks import Check, listed, ok, refused, unknown, warning
from perio_pipeline.preflight.reading import RARE, OwnFindings
from perio_pipeline.wording import things, volume

GIGABYTE = 1024**3
NEARLY_FULL = 0.8
"""Share of an edition's limit from which on a database counts as nearly full."""


DEPENDENT = {
    "P3": "entries",
    "G2": "express_limit",
    "G3": "bridge_only",
    "G4": "codes",
    "G5": "unknown_columns",
}
"""Checks that nothing can be said about without the database."""


def unbound(problems: Sequence[str]) -> Check:
    """G1: tables or columns that the bindings name and the database lacks."""
    return refused("G1", "bindings", "; ".join(problems) + ".", "Correct these entries in the bindings file.")


def entries(failures: Sequence[Failure], limit: Limit) -> Check:
    """P3: entries of the bindings that cannot read what their columns hold.

    Args:
        failures: of a trial reading.
        limit: how many rows are a few.
    """
    wrong = [str(each) for each in failures if limit.exceeded(each.failed, each.read)]
    if wrong:
        to_do = "Correct these entries in the bindings file; what is a few rows is `source.unreadable`."
        fail = things(len(wrong), "entry fails", "entries fail")
        return refused("P3", "entries", f"{fail} on many rows: {listed(wrong)}.", to_do)
    if failures:
        to_do = "Look at these rows in quarantine after the first extraction; the load leaves them out."
        return warning("P3", "entries", f"Entries fail on a few rows: {listed(map(str, failures))}.", to_do)
    return ok("P3", "entries", "Every entry of the bindings reads what its column holds.")


def claims(unclaimed: Mapping[str, int], twice: Sequence[str]) -> Iterator[Check]:
    """P3: rows that no entry of a shared table takes, and columns that two entries take on purpose.

    Args:
        unclaimed: physical table → rows that no `where` takes.
        twice: entries under `findings` whose column a field is bound to as well.
    """
    rows = [f"{count:,} of {table}" for table, count in unclaimed.items() if count]
    if rows:
        to_do = "Look at what kind they are; bind them with a `where` of their own, or leave them."
        yield warning("P3", "rows_claimed", f"Rows that no entry reads: {listed(rows)}.", to_do)
    else:
        yield ok("P3", "rows_claimed", "Every row of the bound tables is read by some entry.")
    if twice:
        to_do = "Keep it where both are meant; else take `also_read` and one of the two entries away."
        yield warning("P3", "columns_claimed", f"Read as a field and as a finding: {listed(twice)}.", to_do)


def unseen() -> Iterator[Check]:
    """Say of every other check of the source that it could not be made."""
    for requirement, name in DEPENDENT.items():
        yield unknown(requirement, name, "The source could not be looked at.", "See G1, then run the preflight again.")


def access(inventory: Inventory, weaknesses: Sequence[str] = ()) -> Iterator[Check]:
    """G1: the login reads what is bound, can change nothing, and nobody reads along.

    Args:
        inventory: of the database.
        weaknesses: where the connection is less protected than it should be.
    """
    login, server = inventory.login, inventory.server
    bound = {table.stored.full_name for table in inventory.bound}
    closed = sorted(bound & set(login.unreadable))
    rows = sum(table.stored.rows or 0 for table in inventory.bound)
    yield ok("G1", "bindings", f"{len(bound)} tables with {rows:,} rows are bound and there.")
    if closed:
        to_do = "Grant the login SELECT on them, best by the role db_datareader; see docs/sql-server.md."
        yield refused("G1", "readable", f"The login may not read {listed(closed)}.", to_do)
    else:
        yield ok("G1", "readable", f"The login may read every bound table ({server.edition} {server.version}).")
    if login.rules or login.writable:
        what = f"controls the whole {login.rules}" if login.rules else f"may change {len(login.writable)} tables"
        to_do = "Use a login of its own that may only read, as docs/sql-server.md makes it."
        yield warning("G1", "least_privilege", f"The login {what}; reading needs none of that.", to_do)
    else:
        yield ok("G1", "least_privilege", "The login can change nothing.")
    if server.kind == "mssql":
        yield from _connection(server.snapshot, weaknesses)


def _connection(snapshot: bool, weaknesses: Sequence[str]) -> Iterator[Check]:
    if weaknesses:
        to_do = "Install a certificate on the server, or trust its CA here; see docs/sql-server.md."
        yield warning("G1", "encryption", " ".join(weaknesses), to_do)
    else:
        yield ok("G1", "encryption", "The connection is encrypted to a server that proves who it is, or is local.")
    if snapshot:
        yield ok("G1", "one_moment", "Each table is read as of one moment (SNAPSHOT isolation).")
    else:
        to_do = "Have an administrator allow SNAPSHOT isolation, as docs/sql-server.md says."
        yield warning("G1", "one_moment", "Tables may change while they are read; each is looked at twice.", to_do)


def size(inventory: Inventory) -> Check:
    """G2: how far the database is from the limit of its edition."""
    server, growth = inventory.server, inventory.yearly_growth
    used = f"{volume(server.used_bytes, 1024)} of data, growing by {volume(growth, 1024)} a year"
    if server.limit_bytes is None:
        return ok("G2", "express_limit", f"{used}; {server.edition} has no limit.")
    if not server.used_bytes:
        to_do = "Ask the server's administrator how large the data files are, and grant VIEW DATABASE STATE."
        return unknown("G2", "express_limit", "The server does not tell how large the database is.", to_do)
    limit = f"{server.edition} stops at {server.limit_bytes / GIGABYTE:.0f} GB"
    if server.used_bytes < NEARLY_FULL * server.limit_bytes and (server.used_bytes + growth < server.limit_bytes):
        return ok("G2", "express_limit", f"{used}; {limit}.")
    to_do = "Migrate soon, or move the database to a larger edition: a full database takes no new records."
    return warning("G2", "express_limit", f"{used}; {limit}.", to_do)


def findings(found: OwnFindings) -> Iterator[Check]:
    """G5: the findings that only this practice records: which become fields, which reach no CRM, which do not fit."""
    declared, rows = len(found.declared), sum(found.declared.values())
    arriving = f"{declared} findings of the practice's own with {rows:,} rows become fields"
    if found.undeclared:
        named = listed((f"{name} ({number:,})" for name, number in found.undeclared.items()), len(found.undeclared))
        said = f"{arriving}; {len(found.undeclared)} are not declared and reach no CRM (rows): {named}."
        to_do = f"Under `findings` of the practice's file, where they are wanted: {'; '.join(found.proposals)}"
        yield warning("G5", "practice_findings", said, to_do)
    else:
        others = "no others" if not found.rare else f"no others with {RARE} rows or more"
        yield ok("G5", "practice_findings", f"{arriving}; there are {others}.")
    if found.rare:
        said = f"{found.rare} more names of findings have fewer than {RARE} rows each and reach no CRM."
        yield warning("G5", "rare_findings", said, "Look at them in PANDA: such names are often a patient's own words.")
    if found.unfit:
        named = listed(f"{name} ({number:,})" for name, number in found.unfit.items())
        to_do = "Add these values to its `choices`, or declare another `type`; as it is they arrive as no value."
        yield warning(
            "G5", "finding_values", f"Values that are not what the finding is declared to be: {named}.", to_do
        )
    absent = [name for name, number in found.declared.items() if not number]
    if absent:
        said = f"PANDA holds no rows of these declared findings: {listed(absent)}."
        yield warning("G5", "finding_names", said, "Correct their names in the practice's file, or remove them.")


def unread(inventory: Inventory) -> Iterator[Check]:
    """G5: what no binding reads."""
    columns = [
        f"{table.stored.full_name}.{column} ({rows:,})"
        for table in inventory.bound
        for column, rows in table.unread.items()
        if rows
    ]
    tables = [f"{t.stored.full_name} ({t.stored.rows or 0:,})" for t in inventory.unbound if t.stored.rows != 0]
    for name, what, found in (("unknown_columns", "columns", columns), ("unknown_tables", "tables", tables)):
        if found:
            to_do = "Look at them with the practice; bind what belongs into the CRM, leave the rest."
            yield warning(
                "G5", name, f"{len(found)} {what} with data that nothing reads (rows): {listed(found)}.", to_do
            )
        else:
            yield ok("G5", name, f"There are no {what} with data that nothing reads.")
