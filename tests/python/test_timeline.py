"""What the demo says of an outage: from counters over time to dips and recoveries."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from examples.flights.timeline import STEP, Mark, Sample, Timeline

RATE = 1000  # requests a second
KILL = Mark(3.0, "killed", harms=True)
BACK = Mark(7.0, "back", harms=True)
Rate = Callable[[float], float]


def samples(
    misses: Rate, requests: Rate = lambda at: RATE, seconds: float = 10.0
) -> list[Sample]:
    """One every 50 ms, of a service with `requests` a second, of which a share
    misses."""
    found, asked, missed = [Sample(0.0, 0, 0)], 0.0, 0.0
    for number in range(round(seconds / 0.05)):
        at = number * 0.05
        asked += 0.05 * requests(at)
        missed += 0.05 * requests(at) * misses(at)
        found.append(Sample(at + 0.05, round(asked), round(missed)))
    return found


def from_to(begin: float, end: float, inside: float, outside: float) -> Rate:
    return lambda at: inside if begin <= at < end else outside


def test_steps_are_even_however_the_samples_come() -> None:
    uneven = [Sample(0, 0, 0), Sample(0.5, 50, 10), Sample(0.55, 60, 10)]
    line = Timeline([*uneven, Sample(1.05, 160, 10)], [])
    assert [round(bin.begin, 6) for bin in line.bins] == [0, 0.2, 0.4, 0.6, 0.8]
    assert [bin.requests for bin in line.bins] == [20, 20, 30, 40, 40]
    assert [bin.queries for bin in line.bins] == [4, 4, 2, 0, 0]
    assert line.end == pytest.approx(5 * STEP)
    assert line.bins[0].middle == pytest.approx(0.1)


def test_a_step_without_requests_has_no_ratio() -> None:
    line = Timeline([Sample(0, 0, 0), Sample(STEP, 9, 9), Sample(2 * STEP, 19, 14)], [])
    assert [bin.hit_ratio for bin in line.bins] == [None, 0.5]
    nothing = Timeline([Sample(0, 0, 0)], [])
    assert (nothing.bins, nothing.end, nothing.at_the_end()) == ([], 0.0, 0.0)


def test_without_harm_there_is_no_dip() -> None:
    healed = Mark(1.0, "promoted", harms=False)
    line = Timeline(samples(lambda at: 0.05), [healed])
    assert line.dips() == []
    assert line.at_the_end() == pytest.approx(0.95)


def test_a_dip_and_its_recovery() -> None:
    line = Timeline(samples(from_to(3.0, 4.6, 0.4, 0.05)), [KILL])
    (dip,) = line.dips()
    assert (dip.what, dip.at) == ("killed", 3.0)
    assert dip.before == pytest.approx(0.95)
    assert dip.lowest == pytest.approx(0.6)
    assert dip.seconds == pytest.approx(1.6)
    assert dip.slowest == pytest.approx(RATE)


def test_a_dip_that_comes_late_is_not_over_before_it() -> None:
    line = Timeline(samples(from_to(4.0, 4.6, 0.4, 0.05)), [KILL])
    assert line.dips()[0].seconds == pytest.approx(1.6)


def test_one_good_step_is_no_recovery() -> None:
    def misses(at: float) -> float:
        return 0.05 if 4.0 <= at < 4.0 + STEP else from_to(3, 6, 0.4, 0.05)(at)

    (dip,) = Timeline(samples(misses), [KILL]).dips()
    assert dip.seconds == pytest.approx(3.0)


def test_as_good_but_fewer_is_no_recovery() -> None:
    few = from_to(3.0, 5.0, RATE / 4, RATE)
    (dip,) = Timeline(samples(lambda at: 0.05, few), [KILL]).dips()
    assert dip.seconds == pytest.approx(2.0)
    assert dip.slowest == pytest.approx(RATE / 4)


@pytest.mark.parametrize(("misses", "seconds"), [(0.07, 0.0), (0.09, None)])
def test_near_is_near_enough(misses: float, seconds: float | None) -> None:
    (dip,) = Timeline(samples(from_to(3, 99, misses, 0.05)), [KILL]).dips()
    assert dip.seconds == (seconds if seconds is None else pytest.approx(seconds))


def test_nothing_answered_is_the_lowest() -> None:
    dead = from_to(3.0, 99.0, 0, RATE)
    (dip,) = Timeline(samples(lambda at: 0.05, dead), [KILL]).dips()
    assert (dip.lowest, dip.slowest, dip.seconds) == (0.0, 0.0, None)


def test_two_harms_and_what_was_normal_before_the_first() -> None:
    def misses(at: float) -> float:
        return max(from_to(3, 4, 0.4, 0.05)(at), from_to(7, 9, 0.2, 0.05)(at))

    killed, back = Timeline(samples(misses), [KILL, BACK]).dips()
    assert (killed.lowest, back.lowest) == pytest.approx((0.6, 0.8))
    assert (killed.seconds, back.seconds) == pytest.approx((1.0, 2.0))
    assert killed.before == back.before


def test_a_dip_that_lasts_until_the_next_is_not_over() -> None:
    killed, back = Timeline(samples(from_to(3, 8, 0.4, 0.05)), [KILL, BACK]).dips()
    assert killed.seconds is None
    assert back.seconds == pytest.approx(1.0)


def test_seconds_after_the_promotion() -> None:
    promoted = Mark(4.0, "promoted", harms=False)
    line = Timeline(samples(from_to(3.0, 4.6, 0.4, 0.05)), [KILL, promoted])
    (dip,) = line.dips()
    assert line.seconds_after(dip, "promoted") == pytest.approx(0.6)
    assert line.seconds_after(dip, "never said") is None
    late = Mark(6.0, "late", harms=False)
    line = Timeline(samples(from_to(3.0, 4.6, 0.4, 0.05)), [KILL, late])
    assert line.seconds_after(line.dips()[0], "late") == 0.0  # it was over by then


def test_as_json() -> None:
    told = Timeline(samples(from_to(3.0, 4.6, 0.4, 0.05)), [KILL]).as_json()
    assert sum(told["requests_by_step"]) == pytest.approx(10 * RATE)
    assert len(told["queries_by_step"]) == len(told["requests_by_step"]) == 50
    assert told["hit_ratio_at_the_end"] == pytest.approx(0.95)
    assert told["dips"][0]["what"] == told["marks"][0]["what"] == "killed"
