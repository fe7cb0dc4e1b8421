"""Law 11: private by default.

No note text, name or identifier in logs, errors or tracebacks; a record error names file, row, field
and what was expected, never the value.
"""

from __future__ import annotations

import contextlib
import io
import logging
import traceback
import warnings
from collections.abc import Iterator

import pytest
from caseloads import DAYS, Row, Tables, day
from engine import files
from hypothesis import given
from hypothesis import strategies as st

from carescreen.caseload import Caseload
from carescreen.screener import Screener

SECRET = "欧阳小草7391"
COLUMNS = {
    "children": (
        *("child_id", "village_id", "birth_date", "age_years", "household_id", "recorded_at"),
        *("caseworker_id", "sex", "special_care", "papers", "alone_days", "last_meal_on"),
    ),
    "visits": (
        *("visit_id", "child_id", "visit_date", "recorded_at", "child_seen", "worker_concern"),
        *("note", "mood", "marks", "alone_days", "last_meal_on"),
    ),
    "households": ("household_id", "recorded_at", "home_water", "debts"),
    "outcomes": ("child_id", "outcome_date", "result", "selection_probability", "recorded_at"),
    "decisions": (
        *("child_id", "decided_at", "decided_by", "decision", "rule", "concept", "visit_id"),
        *("tier", "review_on", "reason", "confirmed_by", "recorded_at"),
    ),
}
GOOD: dict[str, Row] = {
    "children": {
        "child_id": "C1",
        "village_id": "V1",
        "birth_date": "2019-05-01",
        "household_id": "H1",
    },
    "visits": {
        "visit_id": "N1",
        "child_id": "C1",
        "visit_date": day(DAYS[0], 4),
        "note": "孩子又挨打",
    },
    "households": {"household_id": "H1", "debts": "20"},
    "outcomes": {
        "child_id": "C1",
        "outcome_date": day(DAYS[0], 9),
        "result": "confirmed",
    },
    "decisions": {
        "child_id": "C1",
        "decided_at": day(DAYS[0], 1),
        "decided_by": "S1",
        "decision": "plan",
    },
}
SPOILT = st.sampled_from([SECRET, f"{SECRET} 2026-01-01", f"孩子又挨打，{SECRET}", f"-{SECRET}"])


@st.composite
def spoilt_tables(draw: st.DrawFn) -> Tables:
    """A whole caseload in which some cells, any cells, hold the secret."""
    rows = {name: dict(row) for name, row in GOOD.items()}
    cells = [(name, column) for name, columns in COLUMNS.items() for column in columns]
    for name, column in draw(st.lists(st.sampled_from(cells), min_size=1, max_size=6)):
        rows[name][column] = draw(SPOILT)
    twice = draw(st.booleans())
    return Tables(**{name: (row, dict(row)) if twice else (row,) for name, row in rows.items()})


@contextlib.contextmanager
def overheard() -> Iterator[io.StringIO]:
    """Everything that is printed, logged, warned or raised."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setLevel(logging.DEBUG)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with (
            contextlib.redirect_stdout(heard),
            contextlib.redirect_stderr(heard),
            warnings.catch_warnings(record=True) as caught,
        ):
            warnings.simplefilter("always")
            try:
                yield heard
            except Exception:
                heard.write(traceback.format_exc())
            heard.write("\n".join(str(warning.message) for warning in caught))
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@given(found=spoilt_tables())
def test_no_value_of_a_record_is_in_messages_logs_or_reports(
    screener: Screener, found: Tables
) -> None:
    with overheard() as heard:
        caseload = found.caseload()
        heard.write(repr(caseload) + str(caseload.notices) + str(caseload.describe()))
        checked = caseload.check(screener.rules.indicators)
        heard.write(repr(checked) + str(checked.notices) + str(checked.summary()))
        heard.write(checked.rejected.to_csv())
        ranking = screener.rank(caseload, DAYS[0])
        heard.write(repr(ranking) + str(ranking.notices) + ranking.rejected.to_csv())
        heard.write(str(ranking.run))
    assert "Traceback" not in heard.getvalue()
    assert SECRET not in heard.getvalue()


@given(found=spoilt_tables())
def test_what_was_rejected_names_file_row_field_and_what_was_expected(
    screener: Screener, found: Tables
) -> None:
    rejected = found.caseload().check(screener.rules.indicators).rejected
    for entry in rejected.to_dict("records"):
        assert entry["file"] in COLUMNS
        assert entry["field"] in COLUMNS[entry["file"]]
        assert entry["row"] in (1, 2)
        assert entry["expected"]
        assert entry["action"]


@pytest.mark.parametrize("column", ["child_id", "visit_date", "note"])
def test_a_file_that_cannot_be_read_does_not_show_its_values(
    tmp_path_factory: pytest.TempPathFactory, column: str
) -> None:
    folder = tmp_path_factory.mktemp("spoilt")
    (folder / "children.csv").write_text(f"child_id,village_id,birth_date\n{SECRET},V1,2019\n")
    lines = {
        "child_id": f"{SECRET},2026-01-01,{SECRET}\n",  # no line of column names
        "visit_date": f"visit_id,child_id,visit_date,note\nN1,C1,2026-01-01,x,{SECRET}\n",
        "note": f'visit_id,child_id,visit_date,note\nN1,C1,2026-01-01,"{SECRET}\n',
    }
    (folder / "visits.csv").write_text(lines[column], "utf-8")
    with overheard() as heard:
        Caseload.read(folder)
    assert "Error" in heard.getvalue()
    lines_of_code = [line for line in heard.getvalue().splitlines() if SECRET in line]
    assert not lines_of_code


def test_exported_files_hold_quotes_only_where_asked(screener: Screener) -> None:
    rows = {name: (dict(row),) for name, row in GOOD.items()}
    rows["visits"][0]["note"] = f"{SECRET}，孩子又挨打"
    ranking = screener.rank(Tables(**rows).caseload(), DAYS[0])
    for name, content in files(ranking, quotes=False).items():
        assert SECRET not in content.decode(), name
        assert "挨打" not in content.decode(), name
    assert "挨打" in files(ranking, quotes=True)["ranking.jsonl"].decode()
