"""The yardstick itself: it sees a difference of a tenth, and none where there is none."""

from __future__ import annotations

import random

from timing import chance_of_slower


def noisy(milliseconds: float, chance: random.Random) -> list[float]:
    usual = [chance.gauss(milliseconds, milliseconds / 20) for _ in range(190)]
    return usual + [milliseconds * 30] * 10  # a neighbour took the machine ten times


def test_equal_ways_cannot_be_told_apart() -> None:
    chance = random.Random(1)
    assert 0.4 < chance_of_slower(noisy(1.0, chance), noisy(1.0, chance)) < 0.6


def test_a_tenth_more_is_seen() -> None:
    chance = random.Random(2)
    assert chance_of_slower(noisy(1.1, chance), noisy(1.0, chance)) > 0.8
    assert chance_of_slower(noisy(1.0, chance), noisy(1.1, chance)) < 0.2
