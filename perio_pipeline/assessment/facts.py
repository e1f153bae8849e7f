"""What an assessment says, gathered from the database, the validated frames and the request plans; no CRM is asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from perio_pipeline.assessment.calendar import Appointed, cutover_calendar, working_days
from perio_pipeline.assessment.grading import Grade, factors
from perio_pipeline.crm.packages import crm_package
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.panda.inventory import Inventory, take_inventory
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.preflight.checks import Check
from perio_pipeline.preflight.run import source_checks, storage_checks
from perio_pipeline.signoff.accounting import table_accounting
from perio_pipeline.signoff.room import Room, room_of
from perio_pipeline.validation.frames import LIKELY_DUPLICATE
from perio_pipeline.wording import volume
from perio_pipeline.workplace import Workplace

GIGABYTE = 1_000_000_000


@dataclass(frozen=True)
class Volume:
    """One canonical table: its rows, those that are not sound, its bytes where known, and the days it is from."""

    table: str
    rows: int
    quarantined: int
    bytes: int | None
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Move:
    """What moving to one CRM takes.

    Attributes:
        crm: its name.
        plan: the note of the request plan: `cost`, `others`, `options`, `window_hours`, `fits`.
        room: what the practice needs of the plan against its limits.
        checks: of the preflight, as far as no account is needed: whether the images find room.
    """

    crm: str
    plan: dict[str, Any]
    room: Room
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Assessment:
    """All of it.

    Attributes:
        practice: its name for people.
        made_on: the day.
        grade: with its factors.
        server: the database's edition, size and limit, in words.
        volumes: per canonical table.
        quarantined, treated: rule → rows.
        duplicates: pairs of patients that may be one.
        images: number and bytes.
        checks: of the preflight, of the database.
        moves: per CRM.
        days: on which the practice works.
        calendar: suggested, for the first CRM.
    """

    practice: str
    made_on: date
    grade: Grade
    server: str
    volumes: tuple[Volume, ...]
    quarantined: dict[str, int]
    treated: dict[str, int]
    duplicates: int
    images: tuple[int, int]
    checks: tuple[Check, ...]
    moves: tuple[Move, ...]
    days: frozenset[int]
    calendar: tuple[Appointed, ...]

    def plain(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "practice": self.practice,
            "made_on": self.made_on.isoformat(),
            "grade": self.grade.letter,
            "mean_points": round(self.grade.mean, 3),
            "factors": {each.name: {"figure": each.figure, "points": each.points} for each in self.grade.factors},
            "volumes": [asdict(each) for each in self.volumes],
            "quarantined": self.quarantined,
            "treated": self.treated,
            "likely_duplicates": self.duplicates,
            "images": {"files": self.images[0], "bytes": self.images[1]},
            "checks": [check.plain() for check in self.checks],
            "destinations": {
                each.crm: {"plan": each.plan, "checks": [check.plain() for check in each.checks]} for each in self.moves
            },
            "calendar": [{"on": each.on.isoformat(), "what": each.what} for each in self.calendar],
        }


def assess(rooms: Workplace, practice: Practice, today: date) -> Assessment:
    """Assess a practice whose request plans were made today.

    Raises:
        SourceError: the database cannot be reached.
    """
    store, name = rooms.store(), practice.practice
    inventory = take_inventory(rooms.source(practice), today)
    counts = {table: table_accounting(store, name, table) for table in TABLES}
    refused, treated = (_by_rule(rooms, name, part) for part in ("quarantine", "treatments"))
    duplicates = store.frame(name, ["validated", LIKELY_DUPLICATE.name]).rows()
    images = store.frame(name, ["validated", "image_reference"]).read(["bytes"])["bytes"].dropna()
    moves = tuple(_move(rooms, practice, crm) for crm in practice.destinations)
    hours = max(float(move.plan["cost"]["hours"]) for move in moves)
    visits = store.frame(name, ["validated", "appointment"]).read(["starts_at"])["starts_at"].dropna()
    days = working_days(visits, today)
    rows = sum(each["extracted"] for each in counts.values())
    treated_rows = sum(store.frame(name, ["treatments", table]).read(["row"])["row"].nunique() for table in TABLES)
    years = inventory.years
    figures = {
        "patients": counts["patient"]["valid"],
        "years": years[1] - years[0] + 1 if years else 0,
        "site_rows": counts["perio_site"]["extracted"],
        "unread_columns": sum(bool(filled) for table in inventory.bound for filled in table.unread.values()),
        "own_findings": store.frame(name, ["validated", "practice_finding"]).read(["name"])["name"].nunique(),
        "quarantined_percent": 100 * sum(each["quarantined"] for each in counts.values()) / max(rows, 1),
        "treated_percent": 100 * treated_rows / max(rows, 1),
        "duplicates": duplicates,
        "files_gb": float(images.sum()) / GIGABYTE,
        "templates": counts["letter_template"]["valid"] + counts["recall_rule"]["valid"],
        "hours": hours,
        "plan_limits": sum(len(move.room.said) for move in moves),
    }
    return Assessment(
        practice=practice.name,
        made_on=today,
        grade=factors().grade({factor: float(figure) for factor, figure in figures.items()}),
        server=_server(inventory),
        volumes=tuple(_volumes(inventory, counts)),
        quarantined=dict(refused.most_common()),
        treated=dict(treated.most_common()),
        duplicates=duplicates,
        images=(len(images), int(images.sum())),
        checks=tuple(source_checks(rooms, practice, today)),
        moves=moves,
        days=days,
        calendar=tuple(cutover_calendar(days, hours, today)),
    )


def _move(rooms: Workplace, practice: Practice, crm: str) -> Move:
    mapping, plans = rooms.effective(practice, crm), crm_package(crm).PLANS
    note = rooms.store().frame(practice.practice, [crm, "request_plan"]).note()
    room = room_of(mapping, plans, plans.plan(practice.destination(crm).plan))
    return Move(crm, note, room, tuple(storage_checks(rooms, practice, crm, mapping)))


def _by_rule(rooms: Workplace, practice: str, part: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for table in TABLES:
        lines = rooms.store().frame(practice, [part, table]).read(["column", "rule"])
        found = lines.value_counts(["column", "rule"]).reset_index()
        counts.update(
            {f"{table}.{column}: {rule}": int(n) for column, rule, n in found.itertuples(index=False, name=None)}
        )
    return counts


def _volumes(inventory: Inventory, counts: dict[str, dict[str, int]]) -> list[Volume]:
    periods = {period.table: period for period in inventory.periods}
    sizes = {name: table.stored.bytes for table in inventory.bound for name in table.canonical}
    return [
        Volume(
            table,
            each["extracted"],
            each["quarantined"],
            sizes.get(table),
            periods[table].first if table in periods else None,
            periods[table].last if table in periods else None,
        )
        for table, each in counts.items()
    ]


def _server(inventory: Inventory) -> str:
    server = inventory.server
    limit = f" of {server.limit_bytes / GIGABYTE:.0f} GB at most" if server.limit_bytes else ""
    return f"{server.edition} {server.version}, {volume(server.used_bytes)} of data{limit}"
