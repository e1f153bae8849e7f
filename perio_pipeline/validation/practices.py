"""Referring practices: the dentists who refer, gathered into the companies a CRM knows.

Members are referral sources of the kinds dentist and specialist, and free texts of other kinds that name a doctor.
Sources belong together when the practice's name and its place are the same. Nothing here is a patient.
"""

from __future__ import annotations

import pandas as pd

from perio_pipeline.panda.frames import table_kinds
from perio_pipeline.validation.frames import REFERRING_PRACTICE, REFERRING_PRACTICE_MEMBER
from perio_pipeline.validation.kinds import as_kinds
from perio_pipeline.validation.names import is_doctor, map_distinct, name_key, practice_key, read_person

_DETAILS = ("phone", "email", "website", "street", "street2", "city", "state", "postal_code")
_DENTIST_KINDS = ("dentist", "specialist")


def referring_practices(referral_source: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gather referring dentists into practices.

    A practice is its name (case, punctuation, titles and legal forms aside) at a place: 5-digit ZIP, else city and
    state, else phone. A dentist without a practice name is a practice of its own. A free text such as 'Dr Smith' joins
    the practice of the only known dentist of that name, or is a practice of its own.

    Args:
        referral_source: valid `referral_source` rows.

    Returns:
        Practices ordered by id (`frames.REFERRING_PRACTICE`), members ordered by source
        (`frames.REFERRING_PRACTICE_MEMBER`).
    """
    sources = _sources(referral_source)
    sources["group"] = sources["source_id"].where(
        sources["practice"].isna(), sources["practice"] + "|" + sources["place"]
    )
    sources["group"] = _alias_groups(sources).fillna(sources["group"])
    sources["practice_id"] = "RP-" + sources.groupby("group")["source_id"].transform("min")
    return _practices(sources), as_kinds(sources, table_kinds(REFERRING_PRACTICE_MEMBER))


def _sources(referral_source: pd.DataFrame) -> pd.DataFrame:
    """Return the members with what is compared: practice, place, first and last name, free text."""
    ordered = referral_source.sort_values("source_id", ignore_index=True)
    other_details = ["first_name", "practice_name", "street", "city", "postal_code", "phone"]
    free = ordered[other_details].isna().all(axis=1) & ordered["last_name"].notna()
    doctor = map_distinct(ordered["last_name"], lambda text: "yes" if is_doctor(text) else None).notna()
    member = ordered["kind"].isin(_DENTIST_KINDS) | (free & doctor)
    sources = ordered.assign(free=free)[member].reset_index(drop=True)
    return sources.assign(
        practice=map_distinct(sources["practice_name"], practice_key),
        place=_places(sources),
        first=map_distinct(sources["first_name"], name_key),
        last=map_distinct(sources["last_name"], name_key),
    )


def _places(sources: pd.DataFrame) -> pd.Series:
    """Return what says where a practice is; empty where nothing does."""
    zip_code = sources["postal_code"].str.extract(r"^\s*([0-9]{5})", expand=False)
    city = map_distinct(sources["city"], name_key) + "/" + map_distinct(sources["state"], name_key).fillna("")
    phone = sources["phone"].str.replace(r"[^0-9]", "", regex=True).str[-10:]
    return zip_code.fillna(city).fillna(phone).fillna("")


def _alias_groups(sources: pd.DataFrame) -> pd.Series:
    """Return for free texts the group of the only known dentist they can mean; nothing for the other sources."""
    known = sources[~sources["free"] & sources["first"].notna() & sources["last"].notna()]
    by_last = dict(list(known.groupby("last")))
    groups = {}
    for place, text in sources.loc[sources["free"], "last_name"].items():
        person = read_person(str(text))
        if person is None or person.last not in by_last:
            continue
        meant = by_last[person.last]
        meant = meant[meant["first"] == person.first] if person.first else meant
        if meant["group"].nunique() == 1 and meant["first"].nunique() == 1:
            groups[place] = meant["group"].iloc[0]
    return pd.Series(groups, dtype="str").reindex(sources.index)


def _practices(sources: pd.DataFrame) -> pd.DataFrame:
    """Return one row per practice: each detail from the first member that has it."""
    # A free text that joined a practice is an alias of a dentist counted there already.
    alias = sources["free"] & (sources["group"] != sources["source_id"])
    nameless = sources["last"].isna() & sources["first"].isna()
    person = (sources["last"].fillna("") + "|" + sources["first"].fillna("")).mask(alias | nameless)
    named = sources.assign(name=sources["practice_name"].fillna(_own_names(sources)), person=person)
    named["name_rank"] = named["practice_name"].isna().astype("int64") + named["free"].astype("int64")
    names = named.sort_values(["name_rank", "source_id"]).groupby("practice_id")["name"].first()
    grouped = named.groupby("practice_id", sort=True)
    practices = grouped[list(_DETAILS)].first()
    practices.insert(0, "name", names)
    practices["dentists"] = grouped["person"].nunique()
    practices["modified_at"] = grouped["modified_at"].max()
    return as_kinds(practices.reset_index(), table_kinds(REFERRING_PRACTICE))


def _own_names(sources: pd.DataFrame) -> pd.Series:
    """Return 'Dr. First Last' for a dentist, the text itself for a free text, and a name of last resort."""
    full = "Dr. " + sources["first_name"] + " " + sources["last_name"]
    last = ("Dr. " + sources["last_name"]).mask(sources["free"], sources["last_name"])
    first = "Dr. " + sources["first_name"]
    return full.fillna(last).fillna(first).fillna("Dentist " + sources["source_id"])
