"""The journal's SQL tables; SQLite by default, the same on PostgreSQL.

record   what is known about each destination record now; derived from `entry`, kept for quick look-ups
entry    append-only audit log: an intent before each write, a result after it, what was read back; hash-chained per
         practice
head     where each practice's chain of entries ends, sealed with the journal's key
traffic  requests spent per run, object and step
holder   who is writing to a practice's destination right now

Texts have no length: a CRM's id, code or trace may be longer than anybody thought, and PostgreSQL would refuse it.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()


def _scope() -> list[sa.Column[str]]:
    """Columns that say whose record it is: one practice's rows never mix with another's."""
    return [sa.Column(name, sa.String, nullable=False) for name in ("practice", "destination", "account", "object")]


RECORD = sa.Table(
    "record",
    METADATA,
    *_scope(),
    sa.Column("source_key", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("operation", sa.String, nullable=False),
    sa.Column("crm_id", sa.String),
    sa.Column("parent_id", sa.String),
    # fingerprint: of what the CRM is known to hold · intended: of what the open intent would write
    sa.Column("fingerprint", sa.String),
    sa.Column("intended", sa.String),
    sa.Column("held", sa.String),  # HMAC of the record as it was last read back
    sa.Column("as_written", sa.String),  # the same, as it was first read back after its latest write
    sa.Column("created_by_us", sa.Boolean, nullable=False, default=False),
    sa.Column("code", sa.String, nullable=False, default=""),
    sa.Column("reason", sa.String, nullable=False, default=""),
    sa.Column("changed_at", sa.String, nullable=False),
    sa.PrimaryKeyConstraint("practice", "destination", "account", "object", "source_key"),
)

ENTRY = sa.Table(
    "entry",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    *_scope(),
    sa.Column("source_key", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),  # intent, result or reading
    sa.Column("operation", sa.String, nullable=False),  # create, update, delete, restore, read, match
    sa.Column("run", sa.String, nullable=False),
    sa.Column("load_pass", sa.String, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False, default=""),
    sa.Column("crm_id", sa.String),
    sa.Column("parent_id", sa.String),
    sa.Column("code", sa.String, nullable=False, default=""),
    sa.Column("reason", sa.String, nullable=False, default=""),
    sa.Column("trace_id", sa.String, nullable=False, default=""),
    sa.Column("values_before", sa.LargeBinary),  # sealed: the fields an update replaces
    sa.Column("values_after", sa.LargeBinary),  # sealed: what an intent writes, or what a reading shows
    sa.Column("previous_hash", sa.String, nullable=False),
    sa.Column("hash", sa.String, nullable=False),
    sa.Index("entry_record", "practice", "destination", "account", "object", "source_key"),
)

TRAFFIC = sa.Table(
    "traffic",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    *_scope(),
    sa.Column("run", sa.String, nullable=False),
    sa.Column("step", sa.String, nullable=False),  # prepare, match, load, readback
    sa.Column("at", sa.String, nullable=False),
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Column("writes", sa.Integer, nullable=False),
    sa.Column("rate_limited", sa.Integer, nullable=False),
)

HEAD = sa.Table(
    "head",
    METADATA,
    sa.Column("practice", sa.String, primary_key=True),
    sa.Column("entries", sa.BigInteger, nullable=False),
    sa.Column("last_hash", sa.String, nullable=False),
    sa.Column("taken_over", sa.BigInteger, nullable=False),  # entries older than the head
    sa.Column("seal", sa.String, nullable=False),
)

HOLDER = sa.Table(
    "holder",
    METADATA,
    sa.Column("token", sa.String, primary_key=True),
    sa.Column("practice", sa.String, nullable=False),
    sa.Column("destination", sa.String, nullable=False),
    sa.Column("run", sa.String, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("host", sa.String, nullable=False),
    sa.Column("machine", sa.String, nullable=False),  # where process numbers mean the same: this boot, this container
    sa.Column("process", sa.Integer, nullable=False),
    sa.Column("process_started", sa.String, nullable=False),
    sa.Column("since", sa.String, nullable=False),
    sa.Column("beat", sa.Float, nullable=False),  # last sign of life, by the database's clock
)


def bring_up_to_date(connection: sa.Connection) -> set[str]:
    """Make the tables, and add the columns, that an earlier version did not have; returns the new tables.

    Every column that was added since the first version may be empty.
    """
    present = sa.inspect(connection).get_multi_columns(filter_names=list(METADATA.tables))
    columns = {name: {column["name"] for column in found} for (_, name), found in present.items()}
    new = [table for table in METADATA.sorted_tables if table.name not in columns]
    METADATA.create_all(connection, tables=new, checkfirst=False)
    for table, names in columns.items():
        for column in METADATA.tables[table].columns:
            if column.name not in names:
                kind = column.type.compile(connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column.name} {kind}")
    return {table.name for table in new}
