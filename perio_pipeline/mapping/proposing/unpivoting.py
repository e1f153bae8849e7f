"""Wide charts as long ones: a column for each site or tooth, unpivoted into a row for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from perio_pipeline.mapping.proposing.candidates import Candidate
from perio_pipeline.mapping.proposing.charts import SITES, depth_and_margin, six_sites
from perio_pipeline.mapping.proposing.knowledge import code_words
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.panda.profiling.sampling import SampledColumn

MOST_TEETH = 28
"""From how many numbered columns on these are teeth; not every system has wisdom teeth."""

_TOOTH = re.compile(r"(?<![0-9])(0?[1-9]|[1-4][0-9])(?![0-9])")

_QUADRANTS = (range(18, 10, -1), range(21, 29), range(38, 30, -1), range(41, 49))
NUMBERINGS: Sequence[Mapping[int, int]] = (
    {tooth: tooth for tooth in range(1, 33)},
    {number: tooth for tooth, number in enumerate((each for one in _QUADRANTS for each in one), 1)},
)
"""How teeth are numbered → Universal, as canonical teeth are: Universal itself, and by quadrant (FDI, ISO 3950)."""


def names_at(name: str, candidate: Candidate) -> list[str]:
    """Return what a column is called in all the places of an unpivoted row: `PD_{site}` is `PD_MB` and five more."""
    found = [name]
    made = candidate.structure.get("unpivot", [])
    for each in made if isinstance(made, list) else [made]:
        place = "{" + each["column"] + "}"
        if place in name:
            found = [one.replace(place, suffix) for one in found for suffix in each["values"].values()]
    return found


def unpivoted(candidate: Candidate) -> Iterator[Candidate]:
    """Return a table as it would be with a row for each site, for each tooth, and for each site of each tooth."""
    yield from _over_sites(candidate)
    by_tooth = _over_teeth(candidate)
    if by_tooth is not None:
        yield by_tooth
        yield from _over_sites(by_tooth)


def _over_teeth(candidate: Candidate) -> Candidate | None:
    """Unpivot columns that are called alike but for the number of the tooth."""
    by_name = {origin.path: origin for origin in candidate.origins if not origin.alias}
    families: dict[str, dict[int, str]] = {}
    for name in by_name:
        for found in _TOOTH.finditer(name):
            stem = name[: found.start()] + "{tooth}" + name[found.end() :]
            families.setdefault(stem, {})[int(found[0])] = found[0]
    for numbering in NUMBERINGS:
        teeth = {stem: each for stem, each in families.items() if each.keys() <= numbering.keys()}
        whole = {stem: each for stem, each in teeth.items() if len(each) >= MOST_TEETH}
        if whole:
            return _by_tooth(candidate, whole, numbering)
    return None


def _by_tooth(candidate: Candidate, whole: Mapping[str, Mapping[int, str]], numbering: Mapping[int, int]) -> Candidate:
    by_name = {origin.path: origin for origin in candidate.origins}
    numbers = max(whole.values(), key=len)
    alike = {stem for stem, own in whole.items() if own == numbers}
    parts = {stem: [stem.replace("{tooth}", number) for number in numbers.values()] for stem in sorted(alike)}
    gone = {name for names in parts.values() for name in names}
    made = [
        replace(by_name[names[0]], path=stem, sample=together(stem, [by_name[name].sample for name in names]))
        for stem, names in parts.items()
    ]
    values = {str(tooth): numbers[number] for number, tooth in numbering.items() if number in numbers}
    kept = [origin for origin in candidate.origins if origin.path not in gone]
    return with_rows(candidate, (*kept, *made), "tooth", values)


def _site_words() -> Sequence[Mapping[str, tuple[str, ...]]]:
    """How the six sites of a tooth are written; by number they are usually counted from mesio-buccal on."""
    return {site: code_words()[site] for site in SITES}, {site: (str(at),) for at, site in enumerate(SITES, 1)}


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
        replace(by_name[names[0]], path=stem, sample=together(stem, [by_name[name].sample for name in names]))
        for stem, names in families.items()
    ]
    made = [part for origin in made for part in [*depth_and_margin(origin)] or [origin]]
    kept = [texts.get(origin.path, origin) for origin in candidate.origins if origin.path not in gone]
    return with_rows(candidate, (*kept, *made), "site", dict(suffixes))


def with_rows(candidate: Candidate, origins: tuple[Origin, ...], field: str, values: Any) -> Candidate:
    """Return the candidate with one more field that unpivoting makes."""
    now, before = {"column": field, "values": values}, candidate.structure.get("unpivot")
    structure = {**candidate.structure, "unpivot": [before, now] if before else now}
    known = {id(origin) for origin in candidate.origins}
    repeats = frozenset(origin.path for origin in origins if id(origin) not in known)
    return replace(candidate, origins=origins, structure=structure, made=candidate.made | {field}, repeats=repeats)


def together(name: str, columns: Sequence[SampledColumn]) -> SampledColumn:
    """Return columns as the one that they are below each other."""
    return SampledColumn(
        name, columns[0].type, pd.concat([each.text for each in columns], ignore_index=True), columns[0].encoding
    )
