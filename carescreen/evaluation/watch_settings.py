"""What counts as an alarm: the numbers of `carescreen watch`, each with its reason."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from carescreen.errors import PackError, UsageError
from carescreen.yamlfile import read_yaml


class WatchSettings(BaseModel):
    """An alarm is large enough to act on and hardly chance; a programme can set both.

    false_alarms      chance of any false alarm in one comparison, where the references hold: 0.01 is
                      one in two years of weekly runs (simulated: about one a year). Shared among
                      the families of comparison, and within a family by Holm.
    points            a share that moved by 5 points moved enough to look at
    ratio, least      so did one that grew or shrank by half, if that is 10 children or visits or more:
                      rare things matter, one child more is no drift
    stability         0.25 is where the population stability index is called another population, to be
                      acted on (Siddiqi 2006); from 0.1 it is called a shift, to be looked at
    note_length       notes of 70 % of their length lost a sentence
    least_weeks       fewer weeks with visits are no reference
    vanished, appeared  shares of all children (and at least `vanished_least`, `appeared_least`): nobody
                      may leave a list unseen, and families do move in
    village_lost      a village that lost half of 10 or more children lost its file, not its families
    ignore            indicators, rules, concepts, caseworkers or villages that are known to change: a
                      question of one season, a caseworker on leave
    rejected          so many more fields or rows that cannot be used, and half as many again
    least_events      under 20 confirmed outcomes nothing is said of calibration
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    false_alarms: float = Field(0.01, gt=0.0, lt=0.5)
    points: float = Field(0.05, gt=0.0, lt=1.0)
    ratio: float = Field(1.5, gt=1.0)
    least: int = Field(10, ge=1)
    stability: float = Field(0.25, gt=0.0)
    note_length: float = Field(0.7, gt=0.0, lt=1.0)
    least_weeks: int = Field(6, ge=3, le=12)
    vanished: float = Field(0.005, gt=0.0, lt=1.0)
    vanished_least: int = Field(5, ge=1)
    appeared: float = Field(0.05, gt=0.0)
    appeared_least: int = Field(20, ge=1)
    village_lost: float = Field(0.5, gt=0.0, le=1.0)
    rejected: int = Field(10, ge=1)
    least_events: int = Field(20, ge=20)
    ignore: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> WatchSettings:
        """Settings of a YAML file; UsageError names the one that is wrong and what it wants."""
        try:
            return cls.model_validate(read_yaml(path).data)
        except PackError as error:  # whoever watches reads no pack
            raise UsageError(str(error)) from None
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise UsageError(f"{path}: {name}: {first['msg']}") from None

    def is_large(self, old: float, new: float, of_new: float) -> bool:
        """Whether a share moved enough to look at; `of_new` is of how many the new one is."""
        if abs(new - old) >= self.points:
            return True
        if abs(new - old) * of_new < self.least:
            return False
        low, high = sorted((old, new))
        return high >= self.ratio * low


DEFAULTS = WatchSettings()  # type: ignore[call-arg]  # every field has a default
