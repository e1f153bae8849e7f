"""P3: what codes mean where words do not tell: counted ones, flags, and columns whose name is one of two codes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from perio_pipeline.mapping.proposing.codes import code_readings, flag_values, named_flag, propose_codes
from perio_pipeline.mapping.proposing.model import CodeProposal, Confidence

TEETH = ("present", "missing", "implant")
AREAS = ("mouth", "arch", "quadrant", "sextant", "tooth", "site")
SEXES = ("male", "female", "other", "unknown")
ITEMS = ("planned", "accepted", "scheduled", "completed", "declined")


def meant(found: Sequence[CodeProposal]) -> dict[str, str | None]:
    return {each.code: each.target for each in found}


@pytest.mark.parametrize(
    ("counts", "choices", "expected"),
    [
        # What most records are is what most records are.
        ({"1": 80, "0": 15, "2": 5}, TEETH, {"1": "present", "0": "missing", "2": "implant"}),
        # Numbers that leave some out keep their places.
        ({"0": 11, "4": 11, "2": 4, "5": 1}, AREAS, {"0": "mouth", "4": "tooth", "2": "quadrant", "5": "site"}),
        # Where 1 and 2 are known, 0 is nobody's guess (ISO 5218).
        ({"1": 29, "2": 29, "3": 3, "0": 1}, SEXES, {"1": "male", "2": "female", "3": "other", "0": "unknown"}),
        # A stray letter takes no code from the numbers.
        (
            {"3": 351, "4": 133, "0": 89, "1": 27, "2": 4, "H": 1},
            ITEMS,
            {"0": "planned", "1": "accepted", "2": "scheduled", "3": "completed", "4": "declined", "H": None},
        ),
    ],
)
def test_p3_counted_codes(counts: dict[str, int], choices: Sequence[str], expected: dict[str, str | None]) -> None:
    found = propose_codes(counts, choices)
    assert meant(found) == expected
    assert all(each.confidence is Confidence.WEAK for each in found if each.code.isdigit() and each.score < 0.5)


def test_p3_other_ways_of_counting_are_told_and_no_way_twice() -> None:
    ways = [meant(found) for found in code_readings({"1": 80, "0": 15, "2": 5}, TEETH)]
    assert ways[0] == {"1": "present", "0": "missing", "2": "implant"}
    assert {"0": "present", "1": "missing", "2": "implant"} in ways
    assert len({tuple(way.items()) for way in ways}) == len(ways)
    assert len(code_readings({"Present": 3, "Missing": 2}, TEETH)) == 1


def test_p3_initials_of_several_words_are_a_code() -> None:
    phases = ("diagnosis", "initial_therapy", "reevaluation", "surgical_therapy", "maintenance")
    assert meant(propose_codes({"DX": 5, "IT": 4, "RE": 4, "SX": 3, "MT": 3}, phases)) == dict(
        zip(("DX", "IT", "RE", "SX", "MT"), phases, strict=True)
    )


def test_p3_of_two_values_of_a_flag_one_known_tells_the_other_weakly() -> None:
    found = {each.code: each for each in flag_values({"1": 50, "2": 7})}
    assert (found["1"].target, found["2"].target) == ("true", "false")
    assert found["2"].confidence is Confidence.WEAK
    assert meant(flag_values({"1": 50, "2": 7, "3": 1})) == {"1": "true", "2": None, "3": None}
    assert meant(flag_values({"Y": 3, "N": 4}, turned=True)) == {"Y": "false", "N": "true"}


def test_p3_a_flag_that_is_called_like_one_of_two_codes() -> None:
    (found,) = named_flag("inbound", {"1": 53, "0": 4}, ("from", "to"))
    assert meant(found) == {"1": "from", "0": "to"}
    assert named_flag("direction", {"1": 53, "0": 4}, ("from", "to")) == []
    assert named_flag("inbound", {"I": 53, "O": 4}, ("from", "to")) == []
