"""The `perio` command. Every command that can go wrong says what and what to do, and ends with exit code 1."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from perio_pipeline import interrupts, settings
from perio_pipeline.cli import (
    assessing,
    audit,
    cutover,
    documents,
    mapping,
    matching,
    planning,
    preflight,
    purge,
    rebuild,
    rollback,
    runs,
    sandboxes,
    schema,
    signoff,
    source,
    standing,
    ui,
)
from perio_pipeline.cli.common import SAMPLE_PRACTICE, CrmOption, PassOption, PracticeOption, clear_errors, shown
from perio_pipeline.defs.assets.destination import LoadPass
from perio_pipeline.defs.jobs import match_job_name, plan_config
from perio_pipeline.errors import PerioError
from perio_pipeline.loading.accounts import check_accounts
from perio_pipeline.mapping.filing import kinds_sent
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.notifying import LOCAL_UI
from perio_pipeline.ownerfile import keep_to_owner
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.signoff.objects import REPORT

app = typer.Typer(
    help="Moves a periodontal practice from PANDA Perio to a CRM and proves every cell.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    callback=keep_to_owner,
)
console = Console()


def _preflight(name: str, crm: str) -> Practice:
    """Find what is wrong before a run starts: files, environment, source."""
    rooms = settings.workplace()
    practice = rooms.practice(name)
    sandboxes.give_tokens(practice, crm)
    rooms.check_gates(practice, crm)
    rooms.check_room(practice, crm)
    rooms.adapters(practice, crm)
    rooms.source(practice).check(TABLES.values())
    if "radiograph" in kinds_sent(rooms.effective(practice, crm)):
        rooms.images(practice)
    return practice


@app.command()
def demo(
    patients: Annotated[int, typer.Option(help="Patients of the sample practice.", min=20)] = 250,
    seed: Annotated[int, typer.Option(help="The same seed makes the same practice.")] = 2026,
    to: Annotated[list[str] | None, typer.Option(help="One destination; by default each that the sample has.")] = None,
) -> None:
    """Make the sample practice and migrate it in full to the sandboxes on this machine."""
    runs.prepare_environment()
    with clear_errors():
        path = settings.data_folder() / "sample" / f"{SAMPLE_PRACTICE}.db"
        if not path.exists():
            console.print(f"Making the sample practice: {patients} synthetic patients.")
            _make_sample(path, patients, seed)
        destinations = to or list(settings.workplace().practice(SAMPLE_PRACTICE).destinations)
        for crm in destinations:
            _migrate(SAMPLE_PRACTICE, crm, LoadPass.FULL, anyway=True)
    reports = [shown(settings.workplace().report_file(SAMPLE_PRACTICE, crm, REPORT)) for crm in destinations]
    console.print("Where to look next:")
    for command, what in (
        ("make ui", f"the Dagster UI on this data, at {LOCAL_UI}"),
        *((report, "the field-level diff as a page") for report in reports),
        ("make demo", "once more: it writes nothing"),
    ):
        console.print(f"  [bold]{command}[/]\n      {what}", soft_wrap=True, highlight=False)


@app.command()
def sample(
    patients: Annotated[int, typer.Option(help="Patients of the sample practice.", min=20)] = 250,
    seed: Annotated[int, typer.Option(help="The same seed makes the same practice.")] = 2026,
    out: Annotated[Path | None, typer.Option(help="File to write; by default the demo's.")] = None,
    design: Annotated[str, typer.Option(help="In another physical design; an unknown name lists them.")] = "",
) -> None:
    """Make the synthetic sample practice as a SQLite database."""
    with clear_errors():
        path = out or settings.data_folder() / "sample" / f"{design or SAMPLE_PRACTICE}.db"
        if design and design != SAMPLE_PRACTICE:
            _make_designed(design, path, patients, seed)
        else:
            _make_sample(path, patients, seed)
    console.print(f"Wrote {shown(path)}.")


@app.command()
def migrate(
    practice: PracticeOption,
    to: CrmOption,
    load_pass: PassOption = LoadPass.SAMPLE,
    anyway: Annotated[bool, typer.Option("--anyway", help="Even if it takes longer than its window.")] = False,
) -> None:
    """Migrate a practice: read, validate, shape, load, read back, compare."""
    runs.prepare_environment()
    with clear_errors():
        _migrate(practice, to, load_pass, anyway=anyway)


@app.command()
def retry(practice: PracticeOption, to: CrmOption) -> None:
    """Try again only what did not arrive in the latest migration, after a fix."""
    runs.prepare_environment()
    with clear_errors():
        _migrate(practice, to, LoadPass.RETRY, anyway=True)


@app.command()
def match(
    practice: PracticeOption,
    to: CrmOption,
    decide: Annotated[Path | None, typer.Option(help="An edited matches.csv: take the decisions in it.")] = None,
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    show: Annotated[bool, typer.Option("--show", help="Show the latest list and its decisions.")] = False,
) -> None:
    """Find records that the CRM holds already, and decide which are the same: link or separate."""
    runs.prepare_environment()
    with clear_errors():
        sandboxes.give_tokens(settings.workplace().practice(practice), to)
        if decide is not None:
            matching.take_decisions(practice, to, decide, by, console)
        elif show:
            matching.show(practice, to, console)
        else:
            _find_matches(practice, to)


@app.command()
def sandbox(
    practice: PracticeOption = SAMPLE_PRACTICE,
    to: CrmOption = "highlevel",
    with_parent: Annotated[bool, typer.Option("--with-parent", help="End when standard input closes.")] = False,
) -> None:
    """Serve a practice's CRM sandbox on this machine until interrupted."""
    runs.prepare_environment()
    if with_parent:
        sandboxes.end_with_parent()
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        host, port = sandboxes.address(chosen, to)
        console.print(f"Serving the {to} sandbox of {practice} on http://{host}:{port}; Ctrl-C ends it.")
        for account in chosen.destination(to).accounts:
            console.print(f"  {account.name}: {account.id}, token {sandboxes.sandbox_token(practice, account.name)}")
        sandboxes.serve(rooms, chosen, to)


def _make_sample(path: Path, patients: int, seed: int) -> None:
    from perio_pipeline.panda.sample.generate import generate  # loads a name library no other command needs

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    generate(path, patients=patients, seed=seed)


def _make_designed(name: str, path: Path, patients: int, seed: int) -> None:
    from perio_pipeline.panda.sample.designs.generate import generate_design  # as above

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = generate_design(name, settings.workplace().mappings / "panda.yaml", path, patients, seed)
    for table, keys in written.losses.items():
        console.print(f"{len(keys)} rows of {table} have no exact place in this design.")


def _migrate(name: str, crm: str, load_pass: LoadPass, *, anyway: bool) -> None:
    practice = _preflight(name, crm)
    with sandboxes.at_hand(practice, crm) as started:
        if started:
            console.print(f"Started the {crm} sandbox of {name} for this run.")
        interrupts.run(check_accounts(settings.workplace().adapters(practice, crm)))
        report = runs.migrate(name, crm, load_pass, console, anyway=anyway)
    standing.show(name, crm, console)
    if settings.workplace().effective(practice, crm).matched():
        matching.summary(name, crm, console)
    standing.judge(report, name, crm, console)


def _find_matches(name: str, crm: str) -> None:
    practice = _preflight(name, crm)
    if not settings.workplace().effective(practice, crm).matched():
        raise PerioError(f"The mapping {crm}.yaml matches no object.", "Add `match` to those that the CRM may hold.")
    with sandboxes.at_hand(practice, crm):
        interrupts.run(check_accounts(settings.workplace().adapters(practice, crm)))
        runs.launch(match_job_name(crm), plan_config(LoadPass.FULL, crm), name, crm, console)
    matching.summary(name, crm, console)


documents.register(app)
rollback.register(app)
app.add_typer(audit.app, name="audit")
app.add_typer(cutover.app, name="cutover")
app.add_typer(mapping.app, name="map")
app.add_typer(schema.app, name="schema")
app.add_typer(source.app, name="source")
assessing.register(app)
planning.register(app)
preflight.register(app)
rebuild.register(app)
signoff.register(app)
standing.register(app)
ui.register(app)
purge.register(app)

if __name__ == "__main__":
    app()
