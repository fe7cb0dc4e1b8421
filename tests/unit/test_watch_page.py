"""The page of a comparison of two lists: alarms first, loading nothing, writing over nobody's file."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from carescreen.errors import OutputError
from carescreen.evaluation import watch_words
from carescreen.evaluation.watch import Alarm, Difference, Watch
from carescreen.evaluation.watch_measures import Measure
from carescreen.evaluation.watch_page import watch_page, write_watch_page
from carescreen.evaluation.watch_settings import DEFAULTS
from carescreen.evaluation.watch_words import Titles, alarm_words, lines, say
from carescreen.yamlfile import read_yaml

NASTY = "<script>alert(1)</script>"
TITLES = Titles({"zh": {}, "en": {}})
TEXTS = Path(watch_words.__file__).parent
KINDS = [
    str(key).removeprefix("say_")
    for key in read_yaml(TEXTS / "watch_texts.en.yaml").data
    if str(key).startswith("say_")
]


def measure(kind: str, name: str = "left_alone") -> Measure:
    name = "urgent" if kind == "tier" else name
    part = "affirmed" if kind == "mention" else ""
    return Measure(kind, name, 0.2, 0.4, 800.0, 810.0, True, 0.001, part, 2, 0.3, 0.2, 0.1, 0.5)


def compared(*alarms: Alarm, **more: object) -> Watch:
    side = {"as_of": "2026-06-14", "children": 800, "pack": "cn-rural", "synthetic": True}
    measures = tuple(measure(kind) for kind in KINDS)
    found = Watch(side, {**side, "as_of": "2026-06-21"}, (), alarms, measures, (), DEFAULTS)
    return replace(found, **more)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_has_its_words_and_every_alarm_what_to_do(language: str) -> None:
    alarms = tuple(Alarm(measure(kind), is_expected=False) for kind in KINDS)
    page = watch_page(compared(*alarms), TITLES, language)  # type: ignore[arg-type]
    seen = unescape(page)
    for alarm in alarms:
        finding, _, act = alarm_words(alarm, TITLES, language)
        assert finding in seen
        assert act in seen
        assert say(f"kind_{alarm.measure.kind}", language) in seen
    assert not re.search(r"\b(nan|None|True|False)\b", re.sub(r"<[^>]*>", " ", page))


def test_both_languages_have_the_same_keys() -> None:
    english, chinese = (read_yaml(TEXTS / f"watch_texts.{name}.yaml").data for name in ("en", "zh"))
    assert list(english) == list(chinese)


def test_new_alarms_stand_before_those_that_may_be_explained_or_were_known() -> None:
    known = Alarm(measure("seen"), is_expected=False, is_standing=True)
    expected = Alarm(measure("score"), is_expected=True)
    new = Alarm(measure("noted"), is_expected=False)
    page = unescape(watch_page(compared(known, expected, new), TITLES, "en"))
    places = [page.index(alarm_words(one, TITLES, "en")[0]) for one in (new, expected, known)]
    assert places == sorted(places)


def test_quiet_is_said_only_where_nothing_is_to_be_acted_on() -> None:
    assert "No alarms" in watch_page(compared(), TITLES, "en")
    silent = Difference("pack", "1", "1", is_alarm=True)
    changed = watch_page(compared(differences=(silent,)), TITLES, "en")
    assert "No alarms" not in changed
    assert "its version did not" in changed


def test_it_says_that_data_are_synthetic_and_that_it_stays_in_the_office() -> None:
    head = watch_page(compared(), TITLES, "en").partition("<main>")[0]
    assert "SYNTHETIC DATA" in head
    assert "stays in the office" in head
    real = compared()
    real = replace(real, new={**real.new, "synthetic": False})
    assert "SYNTHETIC" not in watch_page(real, TITLES, "en")


def test_a_name_cannot_become_a_tag_and_nothing_is_loaded() -> None:
    page = watch_page(
        compared(Alarm(measure("worker_noted", NASTY), is_expected=False)), TITLES, "en"
    )
    assert "<script" not in page
    assert not re.search(r'(?:src|href)=(?!"#)|url\(|@import', page)


def test_it_says_what_the_terminal_says() -> None:
    found = compared(Alarm(measure("noted"), is_expected=False))
    page = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", watch_page(found, TITLES, "en"))))
    for line in lines(found, TITLES, "en")[2:]:
        assert line.strip().removeprefix("1. ") in page


def test_it_writes_over_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "watch.html"
    write_watch_page(compared(), TITLES, path, "en")
    first = path.read_bytes()
    write_watch_page(compared(), TITLES, path, "en")
    assert path.read_bytes() == first
    path.write_text("<html>mine</html>")
    with pytest.raises(OutputError, match="no page written by this command"):
        write_watch_page(compared(), TITLES, path, "en")
    assert path.read_text() == "<html>mine</html>"
