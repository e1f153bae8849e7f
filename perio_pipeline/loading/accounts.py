"""Makes a destination's accounts ready: checked, look-ups known, custom fields in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from perio_pipeline.crm.protocol import AccountInfo, Adapter
from perio_pipeline.errors import DestinationError
from perio_pipeline.loading.objects import Target
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import typed_frame

ACCOUNT_KINDS = dict.fromkeys(("account", "field", "name"), Kind.TEXT)
"""What an account knows: `field` is a look-up field and `name` one of its names."""


async def check_accounts(adapters: Mapping[str, Callable[[], Adapter]]) -> dict[str, AccountInfo]:
    """Open every account and change nothing.

    Raises:
        DestinationError: unreachable, wrong token, wrong account or missing scope; says what to do.
    """
    found = {}
    for account, make in adapters.items():
        async with make() as adapter:
            found[account] = await adapter.connect()
    return found


async def prepare_accounts(target: Target, *, create_fields: bool) -> tuple[pd.DataFrame, int]:
    """Check every account and put missing custom fields in place.

    Args:
        target: the destination.
        create_fields: a named person has approved that missing fields are created.

    Returns:
        What the accounts know (`ACCOUNT_KINDS`), and how many custom fields were created.

    Raises:
        DestinationError: an account cannot be used as it is; says what to do.
    """
    rows: list[dict[str, Any]] = []
    created = 0
    for account, make in target.adapters.items():
        async with make() as adapter:
            try:
                info = await adapter.connect()
                adapter.require_lookups({field: sorted(names) for field, names in target.mapping.lookups().items()})
                missing = await adapter.missing_fields(target.mapping.field_specs())
                if missing and not create_fields:
                    names = ", ".join(f"{spec.name} ({spec.model}, {spec.type})" for spec in missing)
                    raise DestinationError(
                        f"Account {account} lacks {len(missing)} custom fields: {names}.",
                        "Create them, or approve it in the practice's file: `schema_plan: {create_fields: true, "
                        "approved_by: NAME}`.",
                    )
                created += len(await adapter.create_fields(missing)) if missing else 0
            finally:
                target.journal.record_traffic(target.scope(account, "account"), target.run, "prepare", adapter.stats)
        rows += [
            {"account": account, "field": field, "name": name}
            for field, names in info.lookups.items()
            for name in names
        ]
    return typed_frame(ACCOUNT_KINDS, rows), created
