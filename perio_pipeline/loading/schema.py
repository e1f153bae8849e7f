"""The schema of an account: what the mapping needs of it, creating what is missing, removing what was created (P4, P9).

Every creation is journaled like a write: an intent before the request, a result after it. Where a process died between
the two, the account is looked at again, and what it has by then is taken over: nobody needs it but us, and it was not
there before. What was created is removed only where no record would lose anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from perio_pipeline.crm.protocol import Adapter, CreatedField, FieldSpec, Fit, Made, Ref, Standing
from perio_pipeline.loading.entries import Intent, Item, Known, Result, State
from perio_pipeline.loading.objects import Target
from perio_pipeline.loading.undone import Fate, Undone
from perio_pipeline.mapping.model import Mapping as MappingFile

SCHEMA = "schema"
"""The object under which the journal keeps what is no record."""

ADOPTED, NOT_THERE = "adopted", "not_there"
"""Codes of what was found out about a creation that was interrupted."""


@dataclass(frozen=True)
class AccountSchema:
    """How an account stands to what a mapping needs.

    Attributes:
        standings: custom modules and custom fields, as the account has them now.
        lookups: look-up field → names that the mapping sends in it and the account lacks.
    """

    standings: tuple[Standing, ...]
    lookups: Mapping[str, Sequence[str]]

    def of(self, fit: Fit) -> list[Standing]:
        """Fields and modules that stand like this."""
        return [each for each in self.standings if each.fit is fit]

    @property
    def creatable(self) -> list[FieldSpec]:
        """Fields that are missing and that the API creates, with the module that carries them where that is missing."""
        by_hand = {each.model for each in self.of(Fit.MISSING) if each.kind is Made.MODULE and each.by_hand}
        missing = [each for each in self.of(Fit.MISSING) if not each.by_hand and each.model not in by_hand]
        return [each.spec for each in missing if each.spec]


async def compare(mapping: MappingFile, adapter: Adapter) -> AccountSchema:
    """Compare an account that is connected with what a mapping needs. Changes nothing.

    Raises:
        DestinationError: the account does not say what it has.
    """
    found = await adapter.standings(mapping.field_specs())
    lookups = {field: sorted(names) for field, names in mapping.lookups().items()}
    return AccountSchema(tuple(found), adapter.missing_lookups(lookups))


async def create_missing(
    target: Target, account: str, adapter: Adapter, missing: Sequence[FieldSpec], approved_by: str
) -> int:
    """Create custom fields, and what carries them, each with an intent before and a result after; returns how many.

    Raises:
        DestinationError: the account refuses one; those made before it are in the journal.
    """
    return len(await adapter.create_fields(missing, _Log(target, account, approved_by)))


@dataclass(frozen=True)
class _Log:
    """Keeps the creations of one account in the journal."""

    target: Target
    account: str
    approved_by: str

    def begun(self, kind: Made, model: str, name: str) -> None:
        self._append(Intent(_key(kind, model, name), "create", ""))

    def done(self, created: CreatedField) -> None:
        reason = f"approved by {self.approved_by}"
        self._append(Result(_key_of(created), "create", "", "done", _ref(created), reason=reason))

    def refused(self, kind: Made, model: str, name: str, reason: str) -> None:
        self._append(Result(_key(kind, model, name), "create", "", "refused", reason=reason))

    def _append(self, item: Item) -> None:
        self.target.journal.append(self.target.scope(self.account, SCHEMA), self.target.run, [item])


def is_unsettled(target: Target, account: str) -> bool:
    """Whether a creation in an account was interrupted, so that nobody knows whether it happened."""
    return any(map(_is_open, target.journal.known(target.scope(account, SCHEMA)).values()))


def settle(target: Target, account: str, standings: Iterable[Standing]) -> list[str]:
    """Take over what an interrupted creation made, and note what it did not make; returns what was taken over."""
    scope = target.scope(account, SCHEMA)
    known = target.journal.known(scope)
    results = []
    for each in standings:
        key = _key(each.kind, each.model, each.name)
        if key not in known or not _is_open(known[key]):
            continue
        if each.crm_id:
            results.append(Result(key, "create", "", "done", Ref(SCHEMA, each.crm_id), ADOPTED))
        elif each.fit is Fit.MISSING:
            results.append(Result(key, "create", "", "refused", None, NOT_THERE, "the account does not have it"))
    target.journal.append(scope, target.run, results)
    return [result.source_key for result in results if result.ref]


def created(target: Target, account: str) -> dict[tuple[Made, str, str], CreatedField]:
    """Return what the migration made in an account and did not remove, by kind, model and name."""
    known = target.journal.known(target.scope(account, SCHEMA)).values()
    made = [_created(each) for each in known if each.crm_id and each.created_by_us]
    return {(each.kind, each.model, each.name): each for each in made}


async def remove_created(
    target: Target, account: str, adapter: Adapter, leaving: Collection[str] = (), *, dry_run: bool
) -> list[Undone]:
    """Remove what `create_missing` made where no record holds a value in it; one line each.

    Args:
        target: the destination.
        account: the practice's name of the account.
        adapter: that account, connected.
        leaving: CRM ids of records that a rollback takes away, so that their values do not count.
        dry_run: only say what would be done.
    """
    scope = target.scope(account, SCHEMA)
    if is_unsettled(target, account) and not dry_run:
        settle(target, account, await adapter.standings(target.mapping.field_specs()))
    lines = list(_uncertain(account, target.journal.known(scope).values()))
    made = list(created(target, account).values())
    kept = await _kept(target, account, adapter, made, leaving)
    lines += [_line(account, each, Fate.KEPT, reason) for each, reason in kept.items()]
    going = [each for each in made if each not in kept]
    if dry_run or not going:
        return lines + [_line(account, each, Fate.REVERSED) for each in going]
    target.journal.append(scope, target.run, [Intent(_key_of(each), "delete", "", _ref(each)) for each in going])
    left = {each.created: each.reason for each in await adapter.remove_fields(going)}
    results = []
    for each in going:
        status = "refused" if each in left else "done"
        results.append(Result(_key_of(each), "delete", "", status, _ref(each), reason=left.get(each, "")))
    target.journal.append(scope, target.run, results)
    for each in going:
        lines.append(_line(account, each, Fate.FAILED if each in left else Fate.REVERSED, left.get(each, "")))
    return lines


async def _kept(
    target: Target, account: str, adapter: Adapter, made: Sequence[CreatedField], leaving: Collection[str]
) -> dict[CreatedField, str]:
    """What stays because records would lose something → why."""
    if not made:
        return {}
    ours = target.journal.crm_ids(target.practice, target.destination, account)
    # A search may still show what was deleted a moment ago.
    gone = set(leaving) | (ours - _there(target, account, {each.model for each in made}))
    kept: dict[CreatedField, str] = {}
    for each, ids in (await adapter.holders(made)).items():
        left = None if ids is None else ids - gone
        if left is None:
            kept[each] = "no list of the account tells whether records hold values in it"
        elif left:
            kept[each] = _held(each, len(left & ours), len(left - ours))
    return kept


def _there(target: Target, account: str, models: Collection[str]) -> set[str]:
    """CRM ids of the records of these models that the migration loaded or changed, and did not delete."""
    names = [name for name, obj in target.mapping.objects.items() if obj.model in models]
    known = (each for name in names for each in target.journal.known(target.scope(account, name)).values())
    return {each.crm_id for each in known if each.crm_id}


def _held(each: CreatedField, ours: int, theirs: int) -> str:
    """Why a field or module stays, in words."""
    by = [f"{ours} that the migration loaded"] if ours else []
    by += [f"{theirs} of people's own"] if theirs else []
    what = "records lie in it" if each.kind is Made.MODULE else "records hold a value in it"
    return f"{what}: {', '.join(by)}"


def _uncertain(account: str, known: Collection[Known]) -> Iterator[Undone]:
    """Fields whose creation was interrupted: nobody can tell whether they were made by us or by an admin since."""
    for each in known:
        if _is_open(each):
            reason = "its creation was interrupted; look in the account, and remove it by hand if nobody needs it"
            yield Undone(SCHEMA, account, each.source_key, "", Fate.FAILED, "", reason)


def _line(account: str, each: CreatedField, fate: Fate, reason: str = "") -> Undone:
    did = "" if fate is Fate.KEPT else "delete"
    return Undone(SCHEMA, account, _key_of(each), each.crm_id, fate, did, reason)


def _is_open(known: Known) -> bool:
    return known.state == State.INTENDED and known.operation == "create"


def _key_of(each: CreatedField) -> str:
    return _key(each.kind, each.model, each.name)


def _key(kind: Made, model: str, name: str) -> str:
    return f"{kind.value}:{model}.{name}"


def _created(known: Known) -> CreatedField:
    kind, _, place = known.source_key.partition(":")
    model, _, name = place.partition(".")
    return CreatedField(model, name, known.crm_id or "", Made(kind))


def _ref(each: CreatedField) -> Ref:
    return Ref(SCHEMA, each.crm_id)
