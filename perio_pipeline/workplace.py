"""Puts the rooms together for one practice: its source, its mapping, its CRM accounts, its journal, its frames.

Dagster's resource and the `perio` command both get everything from here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd

from perio_pipeline import progress
from perio_pipeline.crm.packages import crm_package, is_crm
from perio_pipeline.crm.protocol import AccountSettings, Adapter, FileLimits
from perio_pipeline.crm.setup import SetUp
from perio_pipeline.errors import SettingsError
from perio_pipeline.files.radiographs import ImageStore
from perio_pipeline.files.shelf import Shelf
from perio_pipeline.loading.accounts import check_room
from perio_pipeline.loading.entries import RunInfo, Scope
from perio_pipeline.loading.journal import Journal, open_journal
from perio_pipeline.loading.objects import Target
from perio_pipeline.loading.planner import Planner
from perio_pipeline.mapping.catalog import load_mapping
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.gates import check_gates
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.mapping.practice import (
    Account,
    Destination,
    Notify,
    Practice,
    effective_mapping,
    load_practice,
    practice_names,
    resolve,
)
from perio_pipeline.mapping.rows import Router
from perio_pipeline.notifying import Recipients, everybodys
from perio_pipeline.panda.bindings import Bindings, load_bindings
from perio_pipeline.panda.exports.report import REPORT, Report, report
from perio_pipeline.panda.exports.staging import Staged, stage
from perio_pipeline.panda.exports.uses import unqualified
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.store import FrameStore


@dataclass(frozen=True)
class Workplace:
    """The two folders everything hangs on: `data` (frames, journal, reports) and `mappings`."""

    data: Path
    mappings: Path

    def practices(self) -> list[str]:
        """Names of all practices."""
        return practice_names(self.mappings)

    def destinations(self) -> list[str]:
        """Names of all CRMs that have a mapping file; the other files there bind source databases."""
        return sorted(path.stem for path in self.mappings.glob("*.yaml") if is_crm(path.stem))

    def practice(self, name: str) -> Practice:
        """Read a practice's file."""
        return load_practice(self.mappings, name)

    def mapping(self, crm: str) -> Mapping:
        """Read and check a CRM's mapping file; what of it holds for a practice is said by `effective`."""
        return load_mapping(self.mappings / f"{crm}.yaml")

    def effective(self, practice: Practice, crm: str) -> EffectiveMapping:
        """Return the mapping that holds for a practice, by its plan and its policies.

        Raises:
            SettingsError: the CRM has no such plan, or its mapping file does not know a policy.
        """
        return effective_mapping(self.mapping(crm), practice.destination(crm), crm_package(crm))

    def check_gates(self, practice: Practice, crm: str) -> None:
        """Check that people have confirmed all that must be, before a record moves to a real CRM.

        Raises:
            GateError: says what is missing, or what has changed since.
        """
        check_gates(self.mappings, practice, crm)

    def check_room(self, practice: Practice, crm: str) -> None:
        """Check that what the practice needs fits into its plan.

        Raises:
            SettingsError: says what does not.
        """
        plans = crm_package(crm).PLANS
        check_room(self.effective(practice, crm), plans, plans.plan(practice.destination(crm).plan))

    def source(self, practice: Practice) -> PandaSource:
        """Return the practice's PANDA database; nothing of it is opened yet. Exports are staged where they are not.

        Raises:
            SourceError: exports that cannot be staged.
        """
        bindings = load_bindings(self.mappings / practice.source.bindings)
        bindings_file = f"mappings/{practice.source.bindings}"
        if practice.source.folder:
            self.stage(practice)[0].check()
            return PandaSource(f"sqlite:///{self._staged_file(practice)}", unqualified(bindings), bindings_file)
        url = self._resolved(practice.source.url, f"source.url of practice {practice.practice}")
        return PandaSource(url, bindings, bindings_file)

    def unbound_source(self, practice: Practice) -> PandaSource:
        """Return the practice's database as nobody has bound it yet: it can be connected to, and nothing is read."""
        unbound = Bindings(source="", tables={})
        if practice.source.folder:
            self.stage(practice)
            return PandaSource(f"sqlite:///{self._staged_file(practice)}", unbound, "")
        return PandaSource(
            self._resolved(practice.source.url, f"source.url of practice {practice.practice}"), unbound, ""
        )

    def stage(self, practice: Practice) -> tuple[Staged, Report]:
        """Stage the practice's exports, as far as they can be, and report how they are written.

        Raises:
            SettingsError: the practice hands over a database.
            SourceError: there is no such folder, or the data folder cannot be written.
        """
        where = f"source.folder of practice {practice.practice}"
        if not practice.source.folder:
            raise SettingsError(
                f"Practice {practice.practice} hands over a database, so that there are no exports.",
                "Name the folder of exports as `source.folder`, in place of `source.url`.",
            )
        folder = Path(self._resolved(practice.source.folder, where))
        bindings = load_bindings(self.mappings / practice.source.bindings)
        staged = stage(folder, bindings, self._staged_file(practice), practice.source.dates, date.today())
        made = report(folder, staged)
        if staged.fresh or staged.errors or not self.report_file(practice.practice, REPORT).is_file():
            self.write_report(json.dumps(made.plain(), indent=2), practice.practice, REPORT)
        return staged, made

    def _staged_file(self, practice: Practice) -> Path:
        return self.data / "staged" / f"{practice.practice}.db"

    def images(self, practice: Practice) -> ImageStore:
        """Return the practice's image store.

        Raises:
            SettingsError: it is named, and not there.
        """
        where = f"source.images of practice {practice.practice}"
        source = practice.source
        folder = Path(self._resolved(source.images, where)) if source.images else None
        if folder is not None and not folder.is_dir():
            raise SettingsError(
                f"{where} names no folder that is there.", "Correct it, or connect the share that it lies on."
            )
        return ImageStore(folder, source.images_url)

    def shelf(self, practice: str, name: str, suffix: str) -> Shelf:
        """Return one of the folders for files that are made for a practice."""
        return Shelf(self.data / "files" / practice / name, suffix)

    def _resolved(self, text: str, setting: str) -> str:
        return resolve(text, setting, {**os.environ, "PERIO_DATA": str(self.data)})

    def store(self) -> FrameStore:
        """Return the frames of all practices."""
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FrameStore(str(self.data))

    def journal(self) -> Journal:
        """Open the journal; `PERIO_JOURNAL_URL` names another database than SQLite in the data folder."""
        return open_journal(self.data, os.environ.get("PERIO_JOURNAL_URL"))

    def recipients(self, name: str) -> Recipients:
        """Return who is told about a practice: whom its file names, else whom the environment names for all.

        Raises:
            SettingsError: the file names an environment variable that is not set.
        """
        stated = self.practice(name).notify if name in self.practices() else Notify()
        webhook = self._resolved(stated.webhook, f"notify.webhook of practice {name}") if stated.webhook else ""
        return Recipients(webhook, stated.mail_to) or everybodys()

    def router(self, practice: Practice, crm: str) -> Router:
        """Return which account the patients of which office go to."""
        accounts = practice.destination(crm).accounts
        offices = {office: account.name for account in accounts for office in account.offices}
        return Router(offices, accounts[0].name)

    def adapters(self, practice: Practice, crm: str, *, remembering: bool = False) -> dict[str, Callable[[], Adapter]]:
        """Return account name → maker of an adapter for it.

        Args:
            practice: whose accounts.
            crm: in which destination.
            remembering: what the accounts said of their set-up in earlier runs is relied on for a while.

        Raises:
            SettingsError: no adapter for this CRM, or a token's environment variable is not set.
        """
        open_account = crm_package(crm).open_account
        file = self.data / "set-up" / f"{practice.practice}.{crm}"
        return {
            name: partial(
                open_account,
                replace(settings, set_up=SetUp(Path(f"{file}.{name}.json"), relied_on=remembering)),
                on_wait=progress.waiting,
            )
            for name, settings in self.account_settings(practice, crm).items()
        }

    def account_settings(self, practice: Practice, crm: str) -> dict[str, AccountSettings]:
        """Return account name → what opens it.

        Raises:
            SettingsError: a token's environment variable is not set.
        """
        destination = practice.destination(crm)
        return {
            each.name: _settings(destination, each, resolve(each.token, f"the token of account {each.name}"))
            for each in destination.accounts
        }

    def planner(self, practice: Practice, crm: str, journal: Journal) -> Planner:
        """Return the planner of a full load, on the frames as they are stored."""
        store = self.store()

        def frame(*key: str) -> pd.DataFrame:
            return store.frame(practice.practice, key).read()

        return Planner(
            self.mapping(crm),
            crm_package(crm),
            practice.destination(crm),
            lambda name: frame(crm, "shaped", name),
            lambda key: frame(*self.mapping(crm).asset_key(key)),
            lambda account, name: journal.known(Scope(practice.practice, crm, account, name)),
            self.router(practice, crm),
            practice.locale,
        )

    def file_limits(self, practice: Practice, crm: str) -> dict[str, FileLimits]:
        """Return account name → what it takes of files; no account is opened, and no token needed."""
        package, destination = crm_package(crm), practice.destination(crm)
        return {each.name: package.file_limits(_settings(destination, each, "")) for each in destination.accounts}

    def target(
        self, practice: Practice, crm: str, journal: Journal, run: RunInfo, *, remembering: bool = False
    ) -> Target:
        """Return the practice's destination, ready to be written to; `remembering` as for `adapters`."""
        return Target(
            practice.practice,
            crm,
            self.effective(practice, crm),
            self.adapters(practice, crm, remembering=remembering),
            journal,
            run,
            practice.destination(crm).time_scale,
        )

    def report_file(self, practice: str, *parts: str) -> Path:
        """Return where a report goes; makes its folder, readable by its owner only."""
        path = self.data.joinpath("reports", practice, *parts)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    def write_report(self, content: str | bytes, practice: str, *parts: str) -> Path:
        """Write a report as it is, readable by its owner only from the start; returns where."""
        path = self.report_file(practice, *parts)
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


def _settings(destination: Destination, account: Account, token: str) -> AccountSettings:
    return AccountSettings(
        url=destination.url,
        account_id=account.id,
        token=token,
        time_scale=destination.time_scale,
        plan=destination.plan,
        users=destination.users,
        capabilities=destination.capabilities,
    )
