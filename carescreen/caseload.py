"""Reading a caseload from a folder or from DataFrames, and checking it against a pack's indicators.

    caseload = Caseload.read("county")            # or Caseload(children=..., visits=...)
    checked = caseload.check(pack.indicators)     # never raises for a value
    checked.rejected, checked.needs_data, checked.summary()

Reading checks structure: files, formats, columns that must be there. Checking looks at values. An
optional value that cannot be used becomes missing and is reported; a row is refused only for its
key or its date, and then its child is listed as needing data and a visit's note is still read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.caseload_folder import files_of, tables_of
from carescreen.cells import cell_text
from carescreen.checked import (
    NOTHING_NEEDED,
    CheckedCaseload,
    Joined,
    LeftOut,
    Rejections,
    Rows,
    content_hash,
    join,
)
from carescreen.checks import (
    A_DATE,
    Cells,
    Checked,
    check_ids,
    check_indicator,
    expected,
    has_half,
)
from carescreen.counted import Counted
from carescreen.errors import CaseloadError, did_you_mean
from carescreen.few_cells import Reader, checked_few, reader_of
from carescreen.fields import TABLES, TableFields
from carescreen.filestate import FileStates
from carescreen.indicators import Indicator
from carescreen.mapping import CaseloadMapping, apply_mapping
from carescreen.sheet import FEW, Bools, Ints, Sheet, is_none, numbered
from carescreen.tables import (
    LOOKED_AT_ROWS,
    GivenRows,
    Table,
    from_frame,
    read_table,
    require_columns,
)

__all__ = ["Caseload", "CheckedCaseload"]

_ONE_DAY = np.timedelta64(1, "D")
_SET_TO_MISSING = "value set to missing"
_ROW_LEFT_OUT = "row left out"
_PARTS_LEFT_OUT = "parts that are not known left out"
_NUL_LEFT_OUT = "the NUL characters left out"
_HALF_REPLACED = "each half character replaced by U+FFFD"
_AGE_LEFT_OUT = "age left out"
_SLIP = {True: 0.74, False: 0.82}  # so like a known name, short or not, a name is a slip of the pen
_SENTENCE = 5
_WORDS = re.compile(r"[\u3400-\u9fff]|[^\W\d_\u3400-\u9fff]{2,}")
_DATE_MISSING = "date set to missing; the note is still read"


class Caseload:
    """Children, visits, households, outcomes and decisions as read, before values are checked.

    The five tables are DataFrames under our column names, always there and always with the columns
    they must have; a table that was not given is empty. `rejected` and `notices` say what reading
    found; `check` adds the rest.
    """

    def __init__(
        self,
        children: pd.DataFrame,
        visits: pd.DataFrame | None = None,
        households: pd.DataFrame | None = None,
        outcomes: pd.DataFrame | None = None,
        decisions: pd.DataFrame | None = None,
    ) -> None:
        given = {
            "children": children,
            "visits": visits,
            "households": households,
            "outcomes": outcomes,
            "decisions": decisions,
        }
        self._tables: dict[str, Table | GivenRows] = _complete(
            {name: from_frame(name, frame) for name, frame in given.items() if frame is not None}
        )
        self._files: tuple[Path, ...] = ()
        self._states = FileStates(())

    @classmethod
    def of_rows(
        cls,
        children: Sequence[Mapping[str, object]],
        **others: Sequence[Mapping[str, object]],
    ) -> Caseload:
        """Tables as rows of plain values by column name, as a program has them.

        Columns that visits, households, outcomes or decisions must have and no row has are blank.
        """
        given: dict[str, Table | GivenRows] = {"children": GivenRows.of("children", children)}
        for name, rows in others.items():
            if rows:
                given[name] = GivenRows.of(name, rows, TABLES[name].required)
        caseload = cls.__new__(cls)
        caseload._tables = _complete(given)
        caseload._files, caseload._states = (), FileStates(())
        return caseload

    @classmethod
    def of_part(cls, tables: Mapping[str, Table]) -> Caseload:
        """Some rows of each table of a caseload whose structure was looked at as a whole.

        A part need not have a row of every table, nor of children.
        """
        caseload = cls.__new__(cls)
        caseload._tables = {name: tables.get(name) or _empty_table(name) for name in TABLES}
        caseload._files, caseload._states = (), FileStates(())
        return caseload

    @classmethod
    def read(
        cls, folder: str | Path, mapping: str | Path | CaseloadMapping | None = None
    ) -> Caseload:
        """Read a folder with children.* and visits.*, and the other tables where they are there.

        `mapping` is a mapping.yaml (or its path); without one, the folder's own is used if there
        is one. CaseloadError says in one sentence what is wrong with a file; MissingExtra which
        library a format needs. A file that changes while the folder is read is a CaseloadError too.
        """
        paths, chosen = tables_of(Path(folder), mapping)
        files = files_of(Path(folder), paths, mapping)
        states = FileStates.of(files)
        caseload = cls.__new__(cls)
        try:
            found = {name: _read_one(path, name, chosen) for name, path in paths.items() if path}
            caseload._tables = _complete(found)
        except Exception:  # whatever a reader met first: a file that changed is why
            states.require_unchanged()
            raise
        states.require_unchanged()
        caseload._files, caseload._states = files, states
        return caseload

    @property
    def files(self) -> tuple[Path, ...]:
        """The files it was read from, which no output may replace; none for DataFrames."""
        return self._files

    def require_unchanged(self) -> None:
        """CaseloadError where a file it was read from is another by now: a digest of it, made before
        this, would be of something else."""
        self._states.require_unchanged()

    @property
    def children(self) -> pd.DataFrame:
        """The children table as read."""
        return self._tables["children"].frame

    @property
    def visits(self) -> pd.DataFrame:
        """The visits table as read."""
        return self._tables["visits"].frame

    @property
    def households(self) -> pd.DataFrame:
        """The households table as read."""
        return self._tables["households"].frame

    @property
    def outcomes(self) -> pd.DataFrame:
        """The outcomes table as read."""
        return self._tables["outcomes"].frame

    @property
    def decisions(self) -> pd.DataFrame:
        """The decisions table as read."""
        return self._tables["decisions"].frame

    @property
    def notices(self) -> list[str]:
        """What a person should know about how the files were read."""
        return [notice for table in self._tables.values() for notice in table.notices]

    @property
    def rejected(self) -> pd.DataFrame:
        """Cells with bytes that no encoding explains (file, row, field, expected, action)."""
        report = Rejections()
        _report_damaged(self._tables, report)
        return report.sheet().to_frame()

    @property
    def needs_data(self) -> pd.DataFrame:
        """Empty until values are checked; the same columns as a checked caseload's."""
        return NOTHING_NEEDED.to_frame()

    def describe(self) -> dict[str, Any]:
        """Files, rows and columns of each table as plain data."""
        return {
            name: {"file": table.file, "rows": len(table.rows), "columns": len(table.names)}
            for name, table in self._tables.items()
        }

    def rows_of(self, name: str) -> Ints:
        """The row in its file of each row of a table as read."""
        return self._tables[name].rows

    def without_cells(self, name: str, column: str, rows: Ints) -> Caseload:
        """The same caseload with the cells of a column blank in some rows of a table's file."""
        table = self._tables[name]
        cells = np.array([*table.frame[column], None], dtype=object)[:-1]
        cells[np.isin(table.rows, rows)] = ""
        gone = set(rows.tolist())
        changed = Table(
            table.file,
            table.frame.assign(**{column: cells}),
            table.rows,
            table.notices,
            tuple(cell for cell in table.damaged if cell[1] != column or cell[0] not in gone),
        )
        caseload = Caseload.__new__(Caseload)
        caseload._tables = {**self._tables, name: changed}
        caseload._files, caseload._states = self._files, self._states
        return caseload

    def check(self, indicators: Mapping[str, Indicator]) -> CheckedCaseload:
        """Check every value against the declared indicators and encode the tables.

        Never raises for what a cell holds. Order of rows changes nothing but the order of rows.
        """
        report, left_out = Rejections(), list[LeftOut]()
        encoded = self._encoded(indicators, report, left_out)
        rows = _rows(encoded, {name: table.file for name, table in self._tables.items()}, report)
        joined = join(rows)
        notices = [*self.notices, *map(str, left_out), *joined.notices]
        notices += _missing_notices(rows, joined)
        return CheckedCaseload(
            sheets=joined.tables,
            findings=report.sorted_with(joined.rejected, rows.files),
            notices=notices,
            needs=joined.needs,
            read_counts={name: len(table.rows) for name, table in self._tables.items()},
            rows=rows,
            left_out=tuple(left_out),
        )

    def encoded_whole(self, indicators: Mapping[str, Indicator]) -> dict[str, Sheet] | None:
        """The tables encoded, before any row is compared; None where some cell could not be used.

        A date that dates its row is looked at with the row, not here.
        """
        report = Rejections()
        encoded = self._encoded(indicators, report, [])
        return None if report else {name: Sheet(part.columns) for name, part in encoded.items()}

    def _encoded(
        self, indicators: Mapping[str, Indicator], report: Rejections, left_out: list[LeftOut]
    ) -> dict[str, _Encoded]:
        _report_damaged(self._tables, report)
        return {
            name: _encode(table, TABLES[name], indicators, report, left_out)
            for name, table in self._tables.items()
        }

    def __repr__(self) -> str:
        """Counts only: a record must not reach a log or a traceback."""
        children, visits = self._tables["children"], self._tables["visits"]
        return f"Caseload({len(children.rows)} children, {len(visits.rows)} visits)"


# --- structure ---------------------------------------------------------------------------------


def _read_one(path: Path, name: str, mapping: CaseloadMapping) -> Table:
    of_table = mapping.of(name)
    table = read_table(path, of_table.exact_columns(TABLES[name].exact))
    return apply_mapping(table, of_table)


def _complete(tables: Mapping[str, Table | GivenRows]) -> dict[str, Table | GivenRows]:
    """All five tables, each with its required columns; raises where those given lack them."""
    require_structure(tables)
    if not len(tables["children"].rows):
        raise no_children(tables["children"].file)
    return {name: tables.get(name) or _empty_table(name) for name in TABLES}


def require_structure(tables: Mapping[str, Table | GivenRows]) -> None:
    """CaseloadError where a table lacks a column that it must have."""
    for name, table in tables.items():
        require_columns(table, name, TABLES[name].required)
    _require_age(tables["children"])


def no_children(file: str) -> CaseloadError:
    """What is wrong with a table of children that has none."""
    return CaseloadError(f"{file} has no rows: wanted one row for each child.")


def _require_age(children: Table | GivenRows) -> None:
    if "birth_date" in children.names:
        return
    if "age_years" not in children.names:
        require_columns(children, "children", ("child_id", "village_id", "birth_date"))
    if "recorded_at" not in children.names:
        raise CaseloadError(
            f"{children.file} has age_years but no column 'recorded_at': an age needs the date on "
            "which it was written down. Add recorded_at or birth_date."
        )


@cache
def _empty_table(name: str) -> GivenRows:
    return GivenRows.of(name, (), TABLES[name].required)


def _report_damaged(tables: Mapping[str, Table | GivenRows], report: Rejections) -> None:
    for table in tables.values():
        for row, column in table.damaged:
            report.add(
                table.file,
                np.array([row], dtype=np.int64),
                column,
                "a text in UTF-8 or GB18030",
                "unreadable bytes replaced by \ufffd",
            )


# --- values ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Encoded:
    """A table's encoded columns, and the rows whose fields held something unusable, by field."""

    table: Table | GivenRows
    columns: dict[str, NDArray[Any]]
    bad: dict[str, Bools] = field(default_factory=dict)

    @property
    def row(self) -> Ints:
        """The row of each data row in its file."""
        return self.table.rows


def _encode(
    table: Table | GivenRows,
    fields: TableFields,
    indicators: Mapping[str, Indicator],
    report: Rejections,
    left_out: list[LeftOut],
) -> _Encoded:
    """Check and encode every column that means something; say which ones do not."""
    count, names = len(table.rows), table.names
    if not count and set(names) <= fields.no_rows.keys():
        return _Encoded(table, {"row": table.rows, **fields.no_rows})
    encoded = _Encoded(table, {"row": table.rows})
    few = _few_checked(table, fields, indicators) if count <= FEW else {}
    for known in fields.fields:
        if known.name not in names:
            encoded.columns[known.name] = known.missing(count)
            continue
        checked = few.get(known.name) or known.check(table.column(known.name))
        encoded.columns[known.name], encoded.bad[known.name] = checked.values, checked.bad
        if known.kind == "id" and not checked.is_clean:
            _leave_out_nul(table, known.name, checked.values, report)
            _report_halves(table, known.name, checked.values, report)
        is_reported = known.name not in (fields.key, fields.date)
        if is_reported and not checked.is_clean and checked.bad.any():
            bad = table.rows[checked.bad]
            report.add(table.file, bad, known.name, known.expected, _SET_TO_MISSING)
    for name in names:
        if name in fields.by_name:
            continue
        if fields.extra == "texts":
            encoded.columns[name] = check_ids(table.column(name)).values
        elif is_read(name, fields, indicators):
            checked = few.get(name) or check_indicator(table.column(name), indicators[name])
            encoded.columns[name] = checked.values
            if not checked.is_clean and checked.bad.any():
                wanted = expected(indicators[name])
                action = _PARTS_LEFT_OUT if indicators[name].type == "set" else _SET_TO_MISSING
                report.add(table.file, table.rows[checked.bad], name, wanted, action)
        else:
            left_out.append(_unknown_column(table, name, fields, indicators))
    return encoded


def _few_checked(
    table: Table | GivenRows, fields: TableFields, indicators: Mapping[str, Indicator]
) -> dict[str, Checked]:
    """The columns of a table of few rows that a program gives; of any other table, none."""
    if not isinstance(table, GivenRows):
        return {}
    made = _READERS.get(fields.name)
    if made is None or made[0] is not indicators:
        made = _READERS[fields.name] = indicators, _readers(fields, indicators)
    return checked_few(table.cells, made[1], len(table.rows))


# Of the pack that read last, by table: a service asks again and again.
_READERS: dict[str, tuple[Mapping[str, Indicator], dict[str, Reader]]] = {}


def _readers(fields: TableFields, indicators: Mapping[str, Indicator]) -> dict[str, Reader]:
    """How the cells of each column are read that means something in a table."""
    readers = {name: reader_of(known) for name, known in fields.by_name.items()}
    if fields.extra == "indicators":
        for name, indicator in indicators.items():
            if name not in readers and is_read(name, fields, indicators):
                readers[name] = reader_of(indicator)
    return readers


def is_read(name: str, fields: TableFields, indicators: Mapping[str, Indicator]) -> bool:
    """Whether a column of a table means something."""
    if name in fields.by_name or fields.extra == "texts":
        return True
    return name in indicators and indicators[name].kind != "derived"


def columns_left_out(
    name: str, table: Table | GivenRows, indicators: Mapping[str, Indicator]
) -> list[LeftOut]:
    """The columns of a table that are not read, and why."""
    fields = TABLES[name]
    unread = [column for column in table.names if not is_read(column, fields, indicators)]
    return [_unknown_column(table, column, fields, indicators) for column in unread]


def _leave_out_nul(
    table: Table | GivenRows, name: str, values: NDArray[np.object_], report: Rejections
) -> None:
    """Take NUL characters out of ids: they cannot be seen, and programs cut texts at them."""
    if "\0" not in "\n".join(filter(None, values)):
        return
    hit = np.array(["\0" in (value or "") for value in values], dtype=bool)
    values[hit] = [value.replace("\0", "").strip() or None for value in values[hit]]
    report.add(table.file, table.rows[hit], name, "a text without NUL characters", _NUL_LEFT_OUT)


def _report_halves(
    table: Table | GivenRows, name: str, values: NDArray[np.object_], report: Rejections
) -> None:
    """Say in which ids half a character was replaced: two ids may have become one."""
    if "\ufffd" not in "\n".join(filter(None, values)):
        return
    cells = table.column(name).tolist()
    hit = np.array(
        [
            "\ufffd" in (value or "") and has_half(cell)
            for value, cell in zip(values, cells, strict=True)
        ],
        dtype=bool,
    )
    if hit.any():
        wanted = "a text without half characters"
        report.add(table.file, table.rows[hit], name, wanted, _HALF_REPLACED)


def _unknown_column(
    table: Table | GivenRows, name: str, fields: TableFields, indicators: Mapping[str, Indicator]
) -> LeftOut:
    if name in indicators:
        hint = "is computed from dates and was not read."
        return LeftOut(table.file, name, hint, is_suspect=False)
    missing = [known for known in (*fields.names, *indicators) if known not in table.names]
    hint, word = "is not known and was left out", name.casefold()
    is_slip = bool(did_you_mean(word, missing, _SLIP[len(word) < 7])) and fields.name in (
        "children",
        "visits",
    )
    if "note" in missing and "note" in fields.names and _is_long_text(table.column(name)):
        hint += "; it holds long text and there is no column 'note': is it the notes? Rename it"
        hint += ", or map it in mapping.yaml."
        return LeftOut(table.file, name, hint, is_suspect=True)
    return LeftOut(table.file, name, hint + (did_you_mean(word, missing) or "."), is_slip)


def _is_long_text(column: Cells) -> bool:
    """Whether the first filled cells read like sentences: Chinese characters or words, on average."""
    texts = [text for text in map(cell_text, column[:LOOKED_AT_ROWS]) if text.strip()][:200]
    lengths = [len(_WORDS.findall(text)) for text in texts]
    return bool(lengths) and sum(lengths) / len(lengths) >= _SENTENCE


def _rows(encoded: Mapping[str, _Encoded], files: Mapping[str, str], report: Rejections) -> Rows:
    """Apply the checks within a row, leave out rows without a key, number the children."""
    refused = {name: _refused(part, TABLES[name], report) for name, part in encoded.items()}
    kept = {name: _has_key(part, TABLES[name], report) for name, part in encoded.items()}
    tables = {name: Sheet(part.columns).kept(kept[name]) for name, part in encoded.items()}
    tables["visits"] = _name_visits(tables["visits"])
    people = [name for name in TABLES if TABLES[name].key == "child_id"]
    codes, ids = numbered(np.concatenate([tables[name]["child_id"] for name in people]))
    bounds = np.cumsum([len(tables[name]) for name in people])
    child = {
        name: codes[bound - len(tables[name]) : bound]
        for name, bound in zip(people, bounds.tolist(), strict=True)
    }
    return Rows(
        tables=tables,
        files=files,
        ids=ids,
        child=child,
        key={
            "visits": numbered(tables["visits"]["visit_id"])[0],
            "households": numbered(tables["households"]["household_id"])[0],
        },
        refused={name: refused[name][kept[name]] for name in people},
        damaged={"visits": _damaged_rows(encoded["visits"].table, "note")[kept["visits"]]},
        dates={name: TABLES[name].known_on for name in TABLES},
    )


def _refused(part: _Encoded, fields: TableFields, report: Rejections) -> Bools:
    """Rows whose date cannot be used (their dates become missing), or visits without an id."""
    if not len(part.row):
        return np.zeros(0, dtype=bool)
    refused = _damaged_rows(part.table, "child_id", "household_id", "visit_id")
    if fields.name == "children":
        _report_undated_age(part, report)
        refused |= part.bad.get("birth_date", refused)
        return refused | _after_record(part, "birth_date", 0, report)
    if fields.date:
        missing = np.isnat(part.columns[fields.date])
        action = _DATE_MISSING if fields.name == "visits" else _ROW_LEFT_OUT
        report.add(part.table.file, part.row[missing], fields.date, A_DATE, action)
        refused |= missing
    if fields.name == "visits":
        refused |= _after_record(part, "visit_date", 1, report)
        unnamed = is_none(part.columns["visit_id"])
        action = "row kept, under an id made of its content"
        report.add(part.table.file, part.row[unnamed], "visit_id", "an id", action)
        refused |= unnamed
    return refused


def _damaged_rows(table: Table | GivenRows, *names: str) -> Bools:
    """Rows with bytes that no encoding explains in one of some columns."""
    if not table.damaged:
        return np.zeros(len(table.rows), dtype=bool)
    found = [row for row, column in table.damaged if column in names]
    return np.asarray(np.isin(table.rows, found), dtype=bool)


def _report_undated_age(part: _Encoded, report: Rejections) -> None:
    """An age without the date on which it was written down says nothing where it is all there is."""
    columns = part.columns
    if "age_years" not in part.table.names:
        return
    lost = ~np.isnan(columns["age_years"]) & np.isnat(columns["birth_date"])
    lost &= np.isnat(columns["recorded_at"])
    wanted = "an age with recorded_at, the date on which it was written down"
    report.add(part.table.file, part.row[lost], "age_years", wanted, _AGE_LEFT_OUT)


def _after_record(part: _Encoded, name: str, days: int, report: Rejections) -> Bools:
    """Dates more than some days after they were written down; they become missing."""
    if "recorded_at" not in part.table.names:
        return np.zeros(len(part.row), dtype=bool)
    dates = part.columns[name].astype("datetime64[D]")
    late = dates > part.columns["recorded_at"].astype("datetime64[D]") + days * _ONE_DAY
    if late.any():
        action = _DATE_MISSING if name == "visit_date" else _SET_TO_MISSING
        report.add(part.table.file, part.row[late], name, "a date not after recorded_at", action)
        part.columns[name] = np.where(late, np.datetime64("NaT", "s"), part.columns[name])
    return np.asarray(late, dtype=bool)


def _has_key(part: _Encoded, fields: TableFields, report: Rejections) -> Bools:
    without = is_none(part.columns[fields.key])
    report.add(part.table.file, part.row[without], fields.key, "an id", _ROW_LEFT_OUT)
    return np.asarray(~without, dtype=bool)


def _name_visits(visits: Sheet) -> Sheet:
    """Give visits without an id one made of their content, the same in any order of rows.

    Indicators are left out: a riskier value must not change which of two visits has the last word.
    """
    unnamed = is_none(visits["visit_id"])
    if not unnamed.any():
        return visits
    names = visits["visit_id"].copy()
    content = content_hash(visits.only(TABLES["visits"].names).take(unnamed))
    names[unnamed] = [f"no-id-{number:016x}" for number in content]
    return visits.with_columns(visit_id=names)


def _missing_notices(rows: Rows, joined: Joined) -> list[str]:
    """What is missing from many rows and would otherwise show in each."""
    children, listed = joined.tables["children"], joined.tables["children"]["row"] > 0
    has_age = ~np.isnan(children["age_years"]) & ~np.isnat(children["recorded_at"])
    no_age = int((listed & np.isnat(children["birth_date"]) & ~has_age).sum())
    no_village = int((listed & is_none(children["village_id"])).sum())
    is_listed = np.bincount(rows.child["children"], minlength=len(rows.ids)) > 0
    stray = ~is_listed[rows.child["decisions"]]
    file = rows.files["children"]
    notices: list[str] = []
    if not len(rows.tables["visits"]):
        notices.append(f"{rows.files['visits']} has no rows: no child counts as visited.")
    if no_age:
        before = f"{file}: children whose age is not known: "
        notices.append(Counted("no_age", 0, before, no_age))
    if no_village:
        before = f"{file}: children without a village_id: "
        notices.append(Counted("no_village", 0, before, no_village))
    if stray.any():
        of = rows.files["decisions"]
        before = f"{of}: decisions about children who are not in the children table: "
        notices.append(Counted("stray_decisions", 0, before, int(stray.sum())))
    return notices
