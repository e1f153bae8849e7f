"""What the CRM's accounts say of themselves, read through their adapters; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from perio_pipeline.crm.packages import CrmPackage
from perio_pipeline.crm.protocol import AccountSettings, Adapter, Fit, Made
from perio_pipeline.errors import DestinationError
from perio_pipeline.loading.accounts import check_lengths
from perio_pipeline.loading.schema import compare
from perio_pipeline.mapping.model import Mapping as MappingFile

CORRECT = "Correct it in the account's settings; `perio schema plan` shows all of them. A type cannot be changed."
"""What to do about a field that is there in another form."""


@dataclass(frozen=True)
class Survey:
    """One account as it was found.

    Attributes:
        account, crm_id: the practice's name of it, and the CRM's.
        problem, remedy: why it could not be opened; empty where it was.
        wanted: custom fields that the mapping needs.
        missing: those of them that the account lacks.
        by_hand: those of the missing that only an admin can create.
        obstacles: what else stands in the way, each with what to do.
        tried: other accounts that its token was tried on.
        trespasses: those of them that it opened.
        requests: sent for all this.
    """

    account: str
    crm_id: str
    problem: str = ""
    remedy: str = ""
    wanted: int = 0
    missing: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    obstacles: tuple[tuple[str, str], ...] = ()
    tried: int = 0
    trespasses: tuple[str, ...] = ()
    requests: int = 0

    @property
    def opened(self) -> bool:
        """Whether the token opened the account."""
        return not self.problem


async def survey_accounts(
    package: CrmPackage, accounts: Mapping[str, AccountSettings], mapping: MappingFile, *, cross: bool
) -> list[Survey]:
    """Open every account with its own token and, with `cross`, with the tokens of the others."""
    surveys = []
    for account, settings in accounts.items():
        survey = await _survey(package.open_account(settings), account, settings, mapping)
        if cross and survey.opened:
            survey = await _crossed(package, survey, settings, accounts)
        surveys.append(survey)
    return surveys


async def _survey(adapter: Adapter, account: str, settings: AccountSettings, mapping: MappingFile) -> Survey:
    specs = mapping.field_specs()
    survey = Survey(account, settings.account_id, wanted=len(specs))
    async with adapter:
        try:
            info = await adapter.connect()
        except DestinationError as error:
            return replace(survey, problem=error.problem, remedy=error.remedy, requests=adapter.stats.requests)
        obstacles: list[tuple[str, str]] = []
        missing: tuple[str, ...] = ()
        by_hand: tuple[str, ...] = ()
        try:
            found = await compare(mapping, adapter)
            lacking = [each for each in found.of(Fit.MISSING) if each.kind is Made.FIELD]
            missing = tuple(f"{each.model}.{each.name}" for each in lacking)
            by_hand = tuple(f"{each.model}.{each.name}" for each in lacking if each.spec not in found.creatable)
            obstacles += [(f"The {each.called} {each.problem}.", CORRECT) for each in found.of(Fit.DIFFERS)]
        except DestinationError as error:
            obstacles.append((error.problem, error.remedy))
        try:
            adapter.require_lookups({field: sorted(names) for field, names in mapping.lookups().items()})
        except DestinationError as error:
            obstacles.append((error.problem, error.remedy))
        try:
            check_lengths(mapping, account, info)
        except DestinationError as error:
            obstacles.append((error.problem, error.remedy))
        return replace(
            survey, missing=missing, by_hand=by_hand, obstacles=tuple(obstacles), requests=adapter.stats.requests
        )


async def _crossed(
    package: CrmPackage, survey: Survey, settings: AccountSettings, accounts: Mapping[str, AccountSettings]
) -> Survey:
    """The survey with what the account's token opens besides."""
    others = {name: other for name, other in accounts.items() if name != survey.account}
    opened, requests = [], 0
    for name, other in others.items():
        async with package.open_account(replace(settings, account_id=other.account_id)) as adapter:
            try:
                await adapter.connect()
                opened.append(name)
            except DestinationError:
                pass  # as it should be
            finally:
                requests += adapter.stats.requests
    return replace(survey, tried=len(others), trespasses=tuple(opened), requests=survey.requests + requests)
