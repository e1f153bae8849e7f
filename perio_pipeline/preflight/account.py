"""Checks of the CRM's accounts against what a load needs: fields, plan, storage, isolation, time (G7 to G10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from perio_pipeline.crm.protocol import FieldSpec
from perio_pipeline.files.fitting import StorageNeed
from perio_pipeline.preflight.checks import Check, listed, ok, refused, unknown, warning
from perio_pipeline.preflight.survey import Survey
from perio_pipeline.signoff.room import Room
from perio_pipeline.wording import things, volume


def storage(needs: Mapping[str, StorageNeed], policy: str) -> Iterator[Check]:
    """G7: the files' need against the room that plan and users give."""
    for account, need in needs.items():
        name, needed = f"storage_{account}", f"{things(need.files, 'image')} of {volume(need.bytes)}"
        others = f"What does not fit goes by the policy oversize_files: {policy}"
        if need.room is None:
            said = f"{needed}; how much room the account has is not known."
            yield unknown(
                "G7", name, said, "State `users` in the practice's file, where the plan's room grows by them."
            )
        elif need.no_room or need.too_large:
            said = f"{needed}, {volume(need.room)} of room: {need.no_room:,} find none, {need.too_large:,} "
            to_do = f"{others}. For all of them take a larger plan or more users."
            yield warning("G7", name, f"{said}are larger than one file may be.", to_do)
        else:
            yield ok("G7", name, f"{needed} fit into {volume(need.room)}; letters come on top.")


def plan(room: Room, specs: Sequence[FieldSpec], fallbacks: Sequence[str], *, assumed: bool) -> Iterator[Check]:
    """G8: features and numbers of fields that the plan allows."""
    counts = [f"{model}: {number}" for model, number in Counter(spec.model for spec in specs).items()]
    if room.said:
        to_do = "Take fields out of the mapping, let them hold on larger plans only (`needs`), or take a larger plan."
        yield refused("G8", "plan_limits", " ".join(room.said), to_do)
    else:
        limits = f" fit into the plan {room.plan.name}" if room.plan.name else "; no limits are published"
        yield ok("G8", "plan_limits", f"{len(specs)} custom fields ({listed(counts)}){limits}.")
    if assumed:
        said = f"The practice's file states no plan, so {room.plan.name} is assumed."
        yield warning("G8", "plan_stated", said, "State the account's plan in the practice's file.")
    if fallbacks:
        to_do = "Accept it, or take a plan that has what is missing."
        yield warning("G8", "plan_features", f"In another form: {'; '.join(fallbacks)}", to_do)
    else:
        yield ok("G8", "plan_features", "The plan has every feature that the mapping uses.")


def fields(surveys: Sequence[Survey], *, create_fields: bool) -> Iterator[Check]:
    """G8: the accounts' custom fields and look-ups against those that the mapping needs."""
    for survey in surveys:
        name = f"fields_{survey.account}"
        if not survey.opened:
            yield refused("G8", name, survey.problem, survey.remedy)
            continue
        for problem, remedy in survey.obstacles:
            yield refused("G8", name, problem, remedy)
        if survey.by_hand:
            said = f"The account lacks {len(survey.by_hand)} custom fields that only an admin can create: "
            to_do = "Create them by `perio checklist`; `perio schema plan` shows what is left."
            yield refused("G8", name, f"{said}{listed(survey.by_hand)}.", to_do)
        elif survey.missing and create_fields:
            said = f"The account lacks {len(survey.missing)} custom fields: {listed(survey.missing)}."
            yield warning("G8", name, said, "The first load creates them, as it was approved.")
        elif survey.missing:
            said = f"The account lacks {len(survey.missing)} custom fields: {listed(survey.missing)}."
            to_do = "Create them by `perio schema apply`, or approve `schema_plan` in the practice's file."
            yield refused("G8", name, said, to_do)
        elif not survey.obstacles:
            yield ok("G8", name, f"All {survey.wanted} custom fields are there and fit, and so do the look-ups.")


def isolation(surveys: Sequence[Survey]) -> Iterator[Check]:
    """G9: each account's token opens that account and no other one."""
    for survey in surveys:
        name = f"isolation_{survey.account}"
        if not survey.opened:
            yield refused("G9", name, survey.problem, survey.remedy)
        elif survey.trespasses:
            said = f"The token of {survey.account} opens {listed(survey.trespasses)} as well."
            yield refused("G9", name, said, "Give each account a token of its own, made in that account.")
        else:
            others = f" and none of the other {survey.tried} accounts" if survey.tried else ""
            yield ok("G9", name, f"The token opens {survey.crm_id}{others}.")


def requests(note: Mapping[str, Any] | None, crm: str, practice: str) -> Check:
    """G10: the planned requests against the CRM's limits."""
    if note is None:
        to_do = f"Run `perio plan --practice {practice} --to {crm}`, then the preflight again."
        return unknown("G10", "request_plan", "There is no request plan yet.", to_do)
    if note["fits"]:
        return ok("G10", "request_plan", note["summary"])
    shorter = listed(option["setting"] for option in note["options"]) or "a longer `window_hours`"
    return warning("G10", "request_plan", note["summary"], f"It does not fit its window. It would with: {shorter}.")
