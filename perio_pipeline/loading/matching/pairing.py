"""Pairs of PANDA's records and the CRM's that may be one, and who is offered whom: never one record to two patients.

Only records that share something are compared: a birth date, a phone, an e-mail, an address or a whole name. What very
many share tells nobody apart and leads to no comparison, so that time and memory grow with the records and not with
their product.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from heapq import nlargest
from itertools import groupby

from perio_pipeline.loading.matching.given_names import forms
from perio_pipeline.loading.matching.judging import Level, Verdict, judge
from perio_pipeline.loading.matching.profiles import Profile

RecordKey = tuple[str, str]
"""Object and source key of a record."""

CROWDS = {"born": 1000, "name": 1000, "phone": 25, "email": 25, "place": 100}
"""What is shared → by how many records of the CRM it may be shared at most. A front desk's number is in thousands."""
KEPT = 10
"""Pairs kept per record, the best ones."""

ANOTHER_PATIENT = "fits another record of PANDA as well"
ANOTHER_RECORD = "another record of the CRM fits as well"


@dataclass(frozen=True, slots=True)
class Pair:
    """A record of PANDA and one of the CRM that may be one."""

    record: RecordKey
    crm_id: str
    verdict: Verdict

    @property
    def rank(self) -> tuple[int, int]:
        """The better, the greater."""
        return self.verdict.level, self.verdict.quality


@dataclass(frozen=True, slots=True)
class Offer:
    """A pair that a person is asked about; of pairs that fit equally well, none is more than possible."""

    pair: Pair
    level: Level
    reasons: tuple[str, ...]


class Index:
    """The CRM's records by what they may share with others.

    Attributes:
        crowded: what is shared → how many values of it too many records share.
    """

    def __init__(self, profiles: Iterable[Profile]) -> None:
        holders: dict[tuple[str, str], list[Profile]] = defaultdict(list)
        for one in profiles:
            for key in _keys(one):
                holders[key].append(one)
        self.crowded = Counter(kind for (kind, _), found in holders.items() if len(found) > CROWDS[kind])
        self._holders = {key: found for key, found in holders.items() if len(found) <= CROWDS[key[0]]}

    def near(self, one: Profile) -> Iterator[Profile]:
        """The records that share something with this one, each once."""
        seen: set[str] = set()
        for key in _keys(one):
            for other in self._holders.get(key, ()):
                if other.key not in seen:
                    seen.add(other.key)
                    yield other


def find_pairs(records: Mapping[RecordKey, Profile], existing: Index) -> list[Pair]:
    """Compare each record with those of the CRM that share something.

    Returns:
        The best pairs of each record, and one at most with which it only shares a phone or an e-mail.
    """
    pairs: list[Pair] = []
    for record, one in records.items():
        found = [Pair(record, other.key, judge(one, other)) for other in existing.near(one)]
        pairs += nlargest(KEPT, (pair for pair in found if pair.verdict.level >= Level.POSSIBLE), key=_order)
        pairs += nlargest(1, (pair for pair in found if pair.verdict.level is Level.HOUSEHOLD), key=_order)
    return pairs


def assign(pairs: Iterable[Pair], separated: Set[tuple[RecordKey, str]] = frozenset()) -> list[Offer]:
    """Offer each record of the CRM to one record at most: to the one that fits best.

    Of pairs that fit equally well each is possible at best, and left out where nothing but a name speaks for it.

    Args:
        pairs: what `find_pairs` found.
        separated: the pairs of which a person has said that they are two.
    """
    open_pairs = [p for p in pairs if p.verdict.level >= Level.POSSIBLE and (p.record, p.crm_id) not in separated]
    open_pairs.sort(key=_order, reverse=True)
    offers: list[Offer] = []
    records: set[RecordKey] = set()
    existing: set[str] = set()
    for _, alike in groupby(open_pairs, key=lambda pair: pair.rank):
        free = [pair for pair in alike if pair.record not in records and pair.crm_id not in existing]
        made = _offers(free)
        offers += made
        records |= {offer.pair.record for offer in made}
        existing |= {offer.pair.crm_id for offer in made}
    return offers


def _offers(free: list[Pair]) -> list[Offer]:
    """Offers among pairs of one rank."""
    of_record = Counter(pair.record for pair in free)
    asked: Counter[RecordKey] = Counter()
    offers: list[Offer] = []
    for _, same in groupby(sorted(free, key=lambda pair: (pair.crm_id, pair.record)), key=lambda pair: pair.crm_id):
        rivals = list(same)
        tied = len(rivals) > 1 or of_record[rivals[0].record] > 1
        if tied:
            rivals = [rival for rival in rivals if not rival.verdict.bare]
        if not rivals:
            continue
        best = min(rivals, key=lambda rival: (asked[rival.record], rival.record))
        asked[best.record] += 1
        doubts = [ANOTHER_PATIENT] * (len(rivals) > 1) + [ANOTHER_RECORD] * (of_record[best.record] > 1)
        level = Level.POSSIBLE if tied else best.verdict.level
        offers.append(Offer(best, level, (*best.verdict.reasons, *doubts)))
    return offers


def _order(pair: Pair) -> tuple[tuple[int, int], str, RecordKey]:
    return pair.rank, pair.crm_id, pair.record


def _keys(one: Profile) -> Iterator[tuple[str, str]]:
    if one.born:
        yield "born", one.born
    for kind, values in (("phone", one.phones), ("email", one.emails), ("place", one.places)):
        for value in values:
            yield kind, value
    if one.practice:
        yield "name", one.practice
    for form in forms(one.given[0]) if one.given else ():
        for part in one.parts | {one.last}:
            yield "name", f"{form} {part}"
