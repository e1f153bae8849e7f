"""What a canonical table could be read from: physical tables with their lists of words, as they are or unpivoted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from perio_pipeline.mapping.proposing.charts import SITES, depth_and_margin, six_sites
from perio_pipeline.mapping.proposing.knowledge import code_words
from perio_pipeline.mapping.proposing.names import concepts_of, words_together
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.mapping.proposing.slices import parts_of
from perio_pipeline.mapping.proposing.words import folded, shared_prefix
from perio_pipeline.panda.profiling.sampling import SampledColumn, SampledTable

LIST_ROWS, LIST_COLUMNS = 80, 4
"""The most rows and columns of a table that is only a list of words."""

TELLING = 5
"""Letters from which on the name of a key says something; `RoleCodeID` then leads to `CodeID`."""

PARTNERS = 0.9
"""The share of a table's records that another one must have a row for, to hold the rest of them."""


def _site_words() -> Sequence[Mapping[str, tuple[str, ...]]]:
    """How the six sites of a tooth are written; by number they are usually counted from mesio-buccal on."""
    return {site: code_words()[site] for site in SITES}, {site: (str(at),) for at, site in enumerate(SITES, 1)}


@dataclass(frozen=True)
class Candidate:
    """A physical table, ready to be matched.

    Attributes:
        table: the sample.
        origins: its columns, and those of lists of words that belong to it.
        structure: entries of a bindings file beside `table` and `columns`.
        made: canonical fields that unpivoting makes.
        raw: columns that lead to a list of words: their own numbers say less.
    """

    table: SampledTable
    origins: tuple[Origin, ...]
    structure: Mapping[str, Any] = field(default_factory=dict)
    made: frozenset[str] = frozenset()
    raw: frozenset[str] = frozenset()

    @property
    def context(self) -> frozenset[str]:
        """What the words of the table's name may mean."""
        return concepts_of(self.table.name)

    @property
    def prefix(self) -> str:
        """What most columns begin with."""
        return shared_prefix(list(self.table.columns))


def candidates_of(tables: Sequence[SampledTable]) -> list[Candidate]:
    """Return every table as it is, and unpivoted over sites where it has their columns."""
    tables = [part for table in tables for part in parts_of(table)]
    lists = [table for table in tables if _is_list(table)]
    days_first = _days_first(tables)
    found = []
    for table in tables:
        plain = _with_lists(
            Candidate(
                table,
                tuple(Origin(name, each, table.name, day_first=days_first) for name, each in table.columns.items()),
                {"where": dict(table.where)} if table.where else {},
            ),
            lists,
        )
        whole = _with_rest(plain, tables)
        found += [whole, *_over_sites(whole)]
    return found


def _days_first(tables: Sequence[SampledTable]) -> bool | None:
    """How the database writes dates: as most of its columns that leave no doubt."""
    votes = [
        str(origin.dates).startswith("DD/")
        for table in tables
        for origin in (Origin(name, each, table.name) for name, each in table.columns.items())
        if origin.dates and "/" in origin.dates and not origin.is_open
    ]
    return sum(votes) * 2 > len(votes) if votes else None


def refers(origin: Origin, keys: frozenset[str]) -> float:
    """Return which share of a column's different values are among some keys."""
    values = list(origin.sample.counts)
    return sum(value in keys for value in values) / len(values) if values else 0.0


def _is_list(table: SampledTable) -> bool:
    texts = [each for each in table.columns.values() if each.name not in table.keys or not _is_number(each)]
    return 0 < table.rows <= LIST_ROWS and 2 <= len(table.columns) <= LIST_COLUMNS and bool(table.keys) and bool(texts)


def _is_number(column: SampledColumn) -> bool:
    return all(value.lstrip("-").isdigit() for value in column.counts)


def _with_lists(candidate: Candidate, lists: Sequence[SampledTable]) -> Candidate:
    joins: dict[str, Any] = {}
    origins, raw = list(candidate.origins), set()
    for own in candidate.origins:
        for other in lists:
            key = next((name for name in other.keys if _leads_to(candidate.table, own, other, name)), None)
            if other.name == candidate.table.name or key is None:
                continue
            alias = _alias(other.name, joins)
            joins[alias] = {"table": other.name, "on": {own.path: key}, "optional": True}
            raw.add(own.path)
            origins += [_word_column(own, other, key, name, alias) for name in other.columns if name != key]
            break
    structure = {**candidate.structure, "joins": joins} if joins else candidate.structure
    return replace(candidate, origins=tuple(origins), structure=structure, raw=frozenset(raw))


def _with_rest(candidate: Candidate, tables: Sequence[SampledTable]) -> Candidate:
    """Add the columns of tables that hold the rest of the same records: one row each, under the same key."""
    joins = dict(candidate.structure.get("joins", {}))
    origins = list(candidate.origins)
    for key, own in candidate.table.keys.items():
        for other in tables:
            partner = next((name for name, keys in other.keys.items() if _is_same(own, keys)), None)
            if other.name == candidate.table.name or other.where or partner is None or _is_list(other):
                continue
            if len(other.columns) >= len(candidate.table.columns):  # the larger one leads
                continue
            alias = _alias(other.name, joins)
            joins[alias] = {"table": other.name, "on": {key: partner}, "optional": True}
            rest = [each for name, each in other.columns.items() if name != partner]
            origins += [Origin(f"{alias}.{each.name}", each, other.name, alias) for each in rest]
    structure = {**candidate.structure, "joins": joins} if joins else candidate.structure
    return replace(candidate, origins=tuple(origins), structure=structure)


def _is_same(own: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two columns name the same records, and do not only count from 1 alike."""
    if len(own) < PARTNERS * len(other) or len(other) < PARTNERS * len(own) or all(each.isdigit() for each in own):
        return False
    return len(own & other) >= PARTNERS * max(len(own), len(other))


def _leads_to(table: SampledTable, own: Origin, other: SampledTable, key: str) -> bool:
    if table.foreign_keys.get(own.path) == (other.name, key):
        return True
    if not own.values or not _is_number(own.sample) or refers(own, other.keys[key]) < 0.95:
        return False
    if folded(own.path) == folded(key) or (len(key) >= TELLING and folded(own.path).endswith(folded(key))):
        return True
    shared = words_together([own.path]) & words_together([key])
    telling = {word for word in shared if concepts_of(word) - {"id"} or not concepts_of(word)}
    return bool(telling)


def _alias(table: str, taken: Mapping[str, Any]) -> str:
    alias = re.sub(r"[^A-Za-z0-9_]", "_", table)
    return alias if alias not in taken else f"{alias}_{len(taken) + 1}"


def _word_column(own: Origin, other: SampledTable, key: str, name: str, alias: str) -> Origin:
    words = dict(zip(other.columns[key].text, other.columns[name].text, strict=True))
    text = own.sample.text.map(words).astype(own.sample.text.dtype)
    column = other.columns[name]
    return Origin(
        f"{alias}.{name}",
        SampledColumn(f"{own.sample.name} {name}", column.type, text, column.encoding),
        own.table,
        alias,
    )


def _over_sites(candidate: Candidate) -> Iterator[Candidate]:
    """Unpivot columns that are called alike but for the site, and texts that hold all sites."""
    texts = {origin.path: made for origin in candidate.origins for made in [six_sites(origin)] if made}
    names = [origin.path for origin in candidate.origins if not origin.alias]
    for codes in _site_words():
        stems = [_stems(names, words) for words in codes.values()]
        common = set.intersection(*({stem for stem, _ in each} for each in stems))
        if not common:
            continue
        suffixes = {site: _suffix_of(each, common) for site, each in zip(codes, stems, strict=True)}
        families = {
            stem: [stem.replace("{site}", suffix) for suffix in suffixes.values()]
            for stem in sorted(common)
            if all(stem.replace("{site}", suffix) in names for suffix in suffixes.values())
        }
        if families:
            yield _unpivoted(candidate, suffixes, families, texts)
            return
    if texts:
        yield _unpivoted(candidate, {site: site for site in SITES}, {}, texts)


def _stems(names: Sequence[str], words: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return name with the site taken out, and how the site is written there."""
    found = set()
    for name in names:
        for word in words:
            for match in re.finditer(
                rf"(?<![A-Za-z]){word}(?![A-Za-z])|(?<=[a-z]){word.upper()}$|{word.upper()}$|{word}$", name, re.I
            ):
                found.add((name[: match.start()] + "{site}" + name[match.end() :], match[0]))
    return found


def _suffix_of(stems: set[tuple[str, str]], common: set[str]) -> str:
    written = [suffix for stem, suffix in stems if stem in common]
    return max(sorted(set(written)), key=lambda suffix: (written.count(suffix), len(suffix)))


def _unpivoted(
    candidate: Candidate, suffixes: Mapping[str, str], families: Mapping[str, list[str]], texts: Mapping[str, Origin]
) -> Candidate:
    gone = {name for names in families.values() for name in names}
    by_name = {origin.path: origin for origin in candidate.origins}
    made = [
        replace(by_name[names[0]], path=stem, sample=_together(stem, [by_name[name].sample for name in names]))
        for stem, names in families.items()
    ]
    made = [part for origin in made for part in [*depth_and_margin(origin)] or [origin]]
    kept = [texts.get(origin.path, origin) for origin in candidate.origins if origin.path not in gone]
    unpivot = {"column": "site", "values": dict(suffixes)}
    return replace(
        candidate,
        origins=(*kept, *made),
        structure={**candidate.structure, "unpivot": unpivot},
        made=frozenset({"site"}),
    )


def _together(name: str, columns: Sequence[SampledColumn]) -> SampledColumn:
    return SampledColumn(
        name, columns[0].type, pd.concat([each.text for each in columns], ignore_index=True), columns[0].encoding
    )
