"""Custom fields and modules that the migration makes in a CRM: journaled when made, removed on request (P4, P9)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from perio_pipeline.crm.protocol import Adapter, CreatedField, CreationStoppedError, FieldSpec, Made, Ref
from perio_pipeline.loading.entries import Intent, Known, Result, State
from perio_pipeline.loading.objects import Target
from perio_pipeline.loading.undone import Fate, Undone

SCHEMA = "schema"
"""The object under which the journal keeps what is no record."""


async def create_missing(target: Target, account: str, adapter: Adapter, missing: Sequence[FieldSpec]) -> int:
    """Create custom fields, and what carries them, with an intent before and a result after; returns how many.

    Raises:
        DestinationError: the account refuses one; those made before it are in the journal.
    """
    scope = target.scope(account, SCHEMA)
    target.journal.append(
        scope, target.run, [Intent(_key(Made.FIELD, spec.model, spec.name), "create", "") for spec in missing]
    )
    created: Sequence[CreatedField] = ()
    try:
        created = await adapter.create_fields(missing)
    except CreationStoppedError as stopped:
        created = stopped.created
        raise
    finally:
        made = [Result(_key(each.kind, each.model, each.name), "create", "", "done", _ref(each)) for each in created]
        target.journal.append(scope, target.run, made)
    return len(created)


async def remove_created(
    target: Target, account: str, adapter: Adapter, needed: Collection[str], *, dry_run: bool
) -> list[Undone]:
    """Remove what `create_missing` made, with the values it holds in all records; one line each.

    Args:
        target: the destination.
        account: the practice's name of the account.
        adapter: that account, connected.
        needed: models of which records stay: their fields stay as well.
        dry_run: only say what would be done.
    """
    scope = target.scope(account, SCHEMA)
    known = target.journal.known(scope).values()
    lines = list(_uncertain(account, known))
    made = [_created(each) for each in known if each.state == State.DONE and each.created_by_us]
    lines += [_line(account, each, Fate.KEPT, "records that stay carry it") for each in made if each.model in needed]
    going = [each for each in made if each.model not in needed]
    if dry_run or not going:
        return lines + [_line(account, each, Fate.REVERSED) for each in going]
    keys = {each: _key(each.kind, each.model, each.name) for each in going}
    target.journal.append(scope, target.run, [Intent(keys[each], "delete", "", _ref(each)) for each in going])
    kept = {each.created: each.reason for each in await adapter.remove_fields(going)}
    results = [
        Result(keys[each], "delete", "", "refused" if each in kept else "done", _ref(each), reason=kept.get(each, ""))
        for each in going
    ]
    target.journal.append(scope, target.run, results)
    for each in going:
        lines.append(_line(account, each, Fate.FAILED if each in kept else Fate.REVERSED, kept.get(each, "")))
    return lines


def _uncertain(account: str, known: Collection[Known]) -> Iterator[Undone]:
    """Fields whose creation was interrupted: nobody can tell whether they were made by us or by an admin since."""
    for each in known:
        if each.state == State.INTENDED and each.operation == "create":
            reason = "its creation was interrupted; look in the account, and remove it by hand if nobody needs it"
            yield Undone(SCHEMA, account, each.source_key, "", Fate.FAILED, "", reason)


def _line(account: str, each: CreatedField, fate: Fate, reason: str = "") -> Undone:
    did = "" if fate is Fate.KEPT else "delete"
    return Undone(SCHEMA, account, _key(each.kind, each.model, each.name), each.crm_id, fate, did, reason)


def _key(kind: Made, model: str, name: str) -> str:
    return f"{kind.value}:{model}.{name}"


def _created(known: Known) -> CreatedField:
    kind, _, place = known.source_key.partition(":")
    model, _, name = place.partition(".")
    return CreatedField(model, name, known.crm_id or "", Made(kind))


def _ref(each: CreatedField) -> Ref:
    return Ref(SCHEMA, each.crm_id)
