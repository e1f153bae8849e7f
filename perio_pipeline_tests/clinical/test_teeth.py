"""Anatomy is fixed: these tests compare the derived table with the textbook one."""

from __future__ import annotations

import numpy as np
import pytest

from perio_pipeline.clinical.teeth import (
    FIRST_MOLARS,
    INCISORS,
    SEXTANTS,
    TEETH,
    THIRD_MOLARS,
    WITH_FURCATION,
    has_non_adjacent_pair,
    mask,
)


@pytest.mark.parametrize(
    ("number", "fdi", "quadrant", "sextant", "arch"),
    [
        (1, 18, "UR", 1, "upper"),
        (5, 14, "UR", 1, "upper"),
        (8, 11, "UR", 2, "upper"),
        (9, 21, "UL", 2, "upper"),
        (16, 28, "UL", 3, "upper"),
        (17, 38, "LL", 4, "lower"),
        (24, 31, "LL", 5, "lower"),
        (25, 41, "LR", 5, "lower"),
        (28, 44, "LR", 6, "lower"),
        (32, 48, "LR", 6, "lower"),
    ],
)
def test_a_tooth_stands_where_both_numbering_systems_say(number, fdi, quadrant, sextant, arch):
    tooth = TEETH[number]
    assert (tooth.fdi, tooth.quadrant, tooth.sextant, tooth.arch) == (fdi, quadrant, sextant, arch)


def test_every_tooth_has_its_own_fdi_number_and_one_sextant():
    assert len({tooth.fdi for tooth in TEETH.values()}) == 32
    assert sorted(number for teeth in SEXTANTS.values() for number in teeth) == list(range(1, 33))


def test_furcations_are_where_roots_divide():
    entrances = {number: tooth.furcation_entrances for number, tooth in TEETH.items() if tooth.furcation_entrances}
    upper, lower = ("buccal", "mesial", "distal"), ("buccal", "lingual")
    assert entrances == {
        **dict.fromkeys((1, 2, 3, 14, 15, 16), upper),
        **dict.fromkeys((5, 12), ("mesial", "distal")),
        **dict.fromkeys((17, 18, 19, 30, 31, 32), lower),
    }
    assert mask(entrances) == WITH_FURCATION


def test_the_named_sets_of_teeth_are_the_anatomical_ones():
    assert mask([1, 16, 17, 32]) == THIRD_MOLARS
    assert mask([3, 14, 19, 30]) == FIRST_MOLARS
    assert mask([7, 8, 9, 10, 23, 24, 25, 26]) == INCISORS
    assert [number for number, tooth in TEETH.items() if tooth.is_molar] == [
        1,
        2,
        3,
        14,
        15,
        16,
        17,
        18,
        19,
        30,
        31,
        32,
    ]


@pytest.mark.parametrize(
    ("teeth", "expected"),
    [
        ([], False),
        ([3], False),
        ([3, 4], False),
        ([8, 9], False),
        ([24, 25], False),
        ([16, 17], True),
        ([1, 32], True),
        ([3, 5], True),
        ([3, 4, 5], True),
        ([31, 32], False),
    ],
)
def test_two_teeth_are_apart_unless_they_are_neighbours_in_one_arch(teeth, expected):
    assert has_non_adjacent_pair(np.array([mask(teeth)]))[0] == expected
