"""People for the matcher's tests, by what is written about them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from perio_pipeline.loading.matching.judging import Verdict, judge
from perio_pipeline.loading.matching.profiles import Profile, profile

ROLES = {
    "first": "first_name",
    "middle": "middle_name",
    "last": "last_name",
    "suffix": "suffix",
    "born": "birth_date",
    "phone": "phone",
    "email": "email",
    "street": "street",
    "zip": "postal_code",
    "name": "name",
}


def person(key: str = "x", /, **said: Any) -> Profile:
    """A profile; a role may be given several texts."""
    texts = {ROLES[role]: (text,) if isinstance(text, str) else tuple(text) for role, text in said.items() if text}
    return profile(key, texts, "US")


JOHN = {
    "first": "John",
    "last": "Smith",
    "born": "1980-03-12",
    "phone": "(212) 555-0101",
    "email": "john@example.com",
    "street": "12 North Main Street, Apt 4",
    "zip": "10001",
}


def compared(one: dict[str, Any], other: dict[str, Any]) -> Verdict:
    """Judge two people, and make sure that it is the same from both sides."""
    verdict = judge(person("a", **one), person("b", **other))
    assert judge(person("b", **other), person("a", **one)) == verdict
    return verdict


FIRST = ["John", "Jon", "Jane", "Robert", "Bob", "Mary Ann", "Mary", "Maria", "J", "Smith", "", "Ana & Luis", "Jayden"]
LAST = ["Smith", "Smyth", "Garcia-Lopez", "Lopez", "Jones Jr", "Jones", "John", "", "O'Brien", "van Dyke"]
PEOPLE = st.fixed_dictionaries(
    {
        "first": st.sampled_from(FIRST),
        "last": st.sampled_from(LAST),
        "middle": st.sampled_from(["", "", "Lee", "Q"]),
        "suffix": st.sampled_from(["", "", "Jr", "Sr.", "III"]),
        "born": st.sampled_from(["", "1980-03-12", "1980-12-03", "1980-03-13", "1999-01-01", "1900-01-01"]),
        "phone": st.sampled_from(["", "(212) 555-0101", "+12125550101", "212-555-0102"]),
        "email": st.sampled_from(["", "home@example.com", "Home@Example.com", "other@example.com"]),
        "street": st.sampled_from(["", "12 N Main St", "12 North Main Street, Apt 4", "9 Elm Ave"]),
        "zip": st.sampled_from(["", "10001", "10001-1234"]),
    }
)
"""People of few names and few addresses, so that many are alike."""
