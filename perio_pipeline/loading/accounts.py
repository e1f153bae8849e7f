"""Makes a destination's accounts ready: checked, look-ups known, custom fields in place."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dictionary
from typing import Any

import pandas as pd

from perio_pipeline.crm.plans import Plan, Plans, exceeded, needs_of
from perio_pipeline.crm.protocol import AccountInfo, Adapter
from perio_pipeline.errors import DestinationError, SettingsError
from perio_pipeline.loading.objects import Target
from perio_pipeline.loading.schema import create_missing, is_unsettled, settle
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.frames import table_kinds, typed_frame

CAPABILITY = "capability."
"""Precedes the name of a capability."""

ACCOUNT = Table(
    "account",
    ("account", "field", "name"),
    (
        c.identifier("account", "the practice's name of the account"),
        c.identifier("field", "a look-up field, such as the one for owners; or `capability.` and a capability"),
        c.identifier("name", "a name the account knows there, such as a user's e-mail; or what the capability is"),
    ),
    "What each account can look up, and how it behaves.",
)
ACCOUNT_KINDS = table_kinds(ACCOUNT)


def check_room(mapping: Mapping, plans: Plans, plan: Plan) -> None:
    """Check that the mapping's custom fields and modules fit into a plan, before anything is sent (requirement G8).

    Raises:
        SettingsError: says for every module and type how many there are, and how many the plan allows.
    """
    said = exceeded(needs_of(mapping.field_specs(), plans), plan)
    if said:
        raise SettingsError(
            f"The mapping {mapping.destination}.yaml does not fit the {plans.crm} plan {plan.name}. {' '.join(said)}",
            "Take fields out of the mapping, let them hold on larger plans only (`needs`), or move to a larger plan.",
        )


async def check_accounts(adapters: Dictionary[str, Callable[[], Adapter]]) -> dict[str, AccountInfo]:
    """Open every account and change nothing.

    Raises:
        DestinationError: unreachable, wrong token, wrong account or missing scope; says what to do.
    """
    found = {}
    for account, make in adapters.items():
        async with make() as adapter:
            found[account] = await adapter.connect()
    return found


def check_lengths(mapping: Mapping, account: str, info: AccountInfo) -> None:
    """Refuse a mapping that would send more characters than fields of the account take.

    Raises:
        DestinationError: names every such field and both lengths.
    """
    problems = []
    for name, obj in mapping.present().items():
        limits = {field: entry.limit for field, entry in obj.fields.items() if entry.limit}
        limits |= {obj.split.field: obj.split.limit} if obj.split else {}
        for field, limit in limits.items():
            room = info.lengths.get(name, {}).get(field, limit)
            problems += [f"{name}.{field} ({limit} by the mapping, {room} in the account)"] if limit > room else []
    if problems:
        raise DestinationError(
            f"Account {account} takes fewer characters than would be sent: {', '.join(problems)}.",
            "Lower these limits in the mapping file.",
        )


async def prepare_accounts(target: Target, *, approved_by: str = "") -> tuple[pd.DataFrame, int]:
    """Check every account and put missing custom fields in place.

    Args:
        target: the destination.
        approved_by: who has approved that missing fields are created; nobody, where it is empty.

    Returns:
        What the accounts know and can (`ACCOUNT_KINDS`), and how many custom fields were created.

    Raises:
        DestinationError: an account cannot be used as it is; says what to do.
    """
    rows: list[dict[str, Any]] = []
    created = 0
    for account, make in target.adapters.items():
        async with make() as adapter:
            try:
                info = await adapter.connect()
                check_lengths(target.mapping, account, info)
                adapter.require_lookups({field: sorted(names) for field, names in target.mapping.lookups().items()})
                missing = await adapter.missing_fields(target.mapping.field_specs())
                if is_unsettled(target, account):
                    settle(target, account, await adapter.standings(target.mapping.field_specs()))
                if missing and not approved_by:
                    names = ", ".join(f"{spec.name} ({spec.model}, {spec.type})" for spec in missing)
                    raise DestinationError(
                        f"Account {account} lacks {len(missing)} custom fields: {names}.",
                        "Create them (`perio schema apply`, or by hand), or approve it in the practice's file: "
                        "`schema_plan: {create_fields: true, approved_by: NAME}`.",
                    )
                created += await create_missing(target, account, adapter, missing, approved_by) if missing else 0
            finally:
                target.journal.record_traffic(target.scope(account, "account"), target.run, "prepare", adapter.stats)
        rows += [
            {"account": account, "field": field, "name": name}
            for field, names in info.lookups.items()
            for name in names
        ]
        rows += [
            {"account": account, "field": CAPABILITY + name, "name": str(value)}
            for name, value in info.capabilities.items()
        ]
    return typed_frame(ACCOUNT_KINDS, rows), created
