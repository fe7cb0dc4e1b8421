"""The seconds of steps that run.json gives."""

from __future__ import annotations

from carescreen.cli_options import Clock


def test_a_told_step_is_a_lap_once_its_last_part_is_done_and_is_told_on() -> None:
    clock, heard = Clock(), []
    tell = clock.with_laps(lambda *told: heard.append(told))
    told = [("cut", 1, 2), ("cut", 2, 2), ("rank", 1, 3), ("rank", 3, 3)]
    for step in told:
        tell(*step)
    clock.lap("order")
    assert list(clock.laps) == ["cut", "rank", "order"]
    assert heard == told


def test_a_step_that_is_not_finished_is_no_lap() -> None:
    clock = Clock()
    clock.with_laps(lambda *_: None)("rank", 1, 2)
    assert clock.laps == {}
