"""A synthetic county: families, visits, notes, outcomes and decisions with a known true risk.

For demos and tests; nobody in it exists. Same arguments and seed, same bytes (same NumPy version).
No loop runs over children or visits. Every table has a column `data_origin` that says synthetic.

Risks last: a child at high risk has more and longer spells in which something is wrong, each of some
months, with signs that visits note before others judge it. So a ranking at a past date can find who
is confirmed in the months after (`carescreen evaluate`), by no more than a real programme could hope
for. What was judged, and with which chance, is in outcomes; `synthetic_truth.would_confirm` says what
a visit to anybody would have found.

Any county of at least 12 children has an example household in its first village: C0012 lives in it
with both parents, violence between them is on record and open. The documentation closes that one.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from carescreen.errors import OutputError, UsageError
from carescreen.synthetic_concerns import make_concerns
from carescreen.synthetic_dirt import add_dirt
from carescreen.synthetic_notes import write_notes
from carescreen.synthetic_outcomes import make_decisions, make_outcomes
from carescreen.synthetic_people import (
    CountyPlan,
    make_children,
    make_homes,
    make_workers,
    true_risk,
)
from carescreen.synthetic_records import (
    make_children_table,
    make_households,
    make_ids,
    make_places,
)
from carescreen.synthetic_truth import make_spells, make_truth
from carescreen.synthetic_visits import make_visits, make_visits_table

TABLES = ("children", "visits", "households", "outcomes", "decisions", "truth", "truth_spells")
README = "README.txt"
CHILDREN_PER_VILLAGE = 170
MOST_CHILDREN = 5_000_000
_MARK = "carescreen synthetic county / 合成县数据"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class County:
    """The tables of a synthetic county, as their CSV files read; words, blanks are None or NA."""

    children: pd.DataFrame
    visits: pd.DataFrame
    households: pd.DataFrame
    outcomes: pd.DataFrame
    decisions: pd.DataFrame
    truth: pd.DataFrame
    truth_spells: pd.DataFrame
    plan: CountyPlan


def make_county(
    children: int = 2000,
    villages: int | None = None,
    visits_per_child: float = 3.0,
    months: int = 18,
    seed: int = 7,
    as_of: str = "2026-11-01",
    language_mix: float = 0.5,
    *,
    dirty: bool = False,
    progress: Progress | None = None,
) -> County:
    """Build a county of `children` children with visits over the `months` before `as_of`.

    `villages` (one worker each) is about one per 170 children where not given. `language_mix` is
    the share of workers who write Chinese, the others write English. `dirty` adds a few rows as
    real exports have them: doubled ids, impossible dates, words that are not allowed. UsageError
    names an argument that cannot be used. `progress` gets a stage, rows done and rows in all.

    >>> county = make_county(children=50, seed=1)
    >>> len(county.children), set(county.truth["data_origin"])
    (50, {'synthetic'})
    """
    plan = _plan(children, villages, visits_per_child, months, seed, as_of, language_mix)
    tell = progress or _silent
    tell("families", 0, plan.children)
    workers, homes = make_workers(plan), make_homes(plan)
    people = make_children(plan, homes)
    concerns = make_concerns(plan, homes, people, true_risk(plan, homes, people))
    ids = {
        "child": make_ids("C", plan.children, 4),
        "household": make_ids("H", homes.n, 4),
        "village": make_ids("V", plan.villages, 2),
        "worker": make_ids("W", plan.villages, 2),
        **make_places(plan.villages),
    }
    tables = {
        "households": make_households(plan, workers, homes, people, ids["household"]),
        "children": make_children_table(plan, workers, homes, people, ids),
        "truth": make_truth(concerns, ids["child"]),
        "truth_spells": make_spells(plan, concerns, ids["child"]),
    }
    tell("families", plan.children, plan.children)
    visits = make_visits(plan, workers, people, concerns)
    notes = write_notes(plan, workers, homes, people, visits, progress)
    ids["visit"] = make_ids("N", visits.n, 6)
    tables["visits"] = make_visits_table(plan, workers, people, visits, notes.text, ids)
    tables["outcomes"] = make_outcomes(plan, visits, tables["visits"])
    tables["decisions"] = make_decisions(
        plan, workers, homes, people, concerns, visits, notes.traps, ids
    )
    if dirty:
        tables = add_dirt(tables)
    return County(plan=plan, **tables)


def _silent(stage: str, done: int, total: int) -> None:
    del stage, done, total


def _plan(
    children: int,
    villages: int | None,
    visits_per_child: float,
    months: int,
    seed: int,
    as_of: str,
    language_mix: float,
) -> CountyPlan:
    chosen = max(1, round(children / CHILDREN_PER_VILLAGE)) if villages is None else villages
    _in_range("children", children, 1, MOST_CHILDREN)
    _in_range("villages", chosen, 1, children)
    _in_range("visits_per_child", visits_per_child, 0, 60)
    _in_range("months", months, 1, 120)
    _in_range("seed", seed, 0, 2**63 - 1)
    _in_range("language_mix", language_mix, 0, 1)
    try:
        day: np.datetime64 = np.datetime64(as_of, "D")
    except ValueError:
        day = np.datetime64("NaT", "D")
    if np.isnat(day):
        raise UsageError(f"as_of wants a date such as 2026-11-01, came '{as_of}'")
    return CountyPlan(children, chosen, visits_per_child, months, seed, day, language_mix)


def _in_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name} wants a number from {low:,} to {high:,}, came {value:,}")


def write_county(county: County, folder: str | Path, *, progress: Progress | None = None) -> Path:
    """Write the seven tables as CSV (UTF-8) with a README.txt, all or nothing.

    The files are written aside and the folder renamed at the end. A folder that holds anything but
    an earlier synthetic county is refused with OutputError and left as it is.
    """
    target = Path(folder)
    _check_replaceable(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise OutputError(_cannot_write(target, error)) from None
    try:
        _write_files(county, aside, progress or _silent)
        _swap(aside, target)
    except OSError as error:
        raise OutputError(_cannot_write(target, error)) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def _cannot_write(target: Path, error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return f"cannot write the county to '{target}': {reason}; choose another folder"


def _check_replaceable(target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    if target.is_dir() and (not any(target.iterdir()) or _is_synthetic(target)):
        return
    raise OutputError(
        f"'{target}' is there already and is not a synthetic county; "
        "choose a new folder, or move that one away"
    )


def _is_synthetic(folder: Path) -> bool:
    """Whether a folder holds a county of this module and nothing else."""
    ours = {README, *(f"{name}.csv" for name in TABLES)}
    if {path.name for path in folder.iterdir()} - ours:
        return False
    try:
        text = (folder / README).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return text.startswith(_MARK)


def _write_files(county: County, folder: Path, progress: Progress) -> None:
    folder.chmod(0o755)  # mkdtemp made it private; a caseload folder has ordinary rights
    for number, name in enumerate(TABLES):
        progress("files", number, len(TABLES))
        frame: pd.DataFrame = getattr(county, name)
        frame.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")
    (folder / README).write_text(_readme(county), encoding="utf-8", newline="\n")
    progress("files", len(TABLES), len(TABLES))


def _swap(aside: Path, target: Path) -> None:
    """Put the finished folder in place; an earlier county stays whole until it is."""
    if not target.exists():
        aside.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    try:
        target.rename(old / target.name)
        try:
            aside.rename(target)
        except OSError:
            (old / target.name).rename(target)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _readme(county: County) -> str:
    plan = county.plan
    counts = "\n".join(f"  {name}.csv: {len(getattr(county, name)):,}" for name in TABLES)
    return f"""{_MARK}

Synthetic data. No child, family or worker in these files exists, and every name in the notes is
made up. Use it to try carescreen and to test it; draw no conclusion about real children from it.
truth.csv and truth_spells.csv hold what no worker knows (each child's true risk, and when
something was wrong): never an input of a ranking.
Each CSV has the column data_origin, which says synthetic.

decisions.csv holds what supervisors decided on earlier concerns, so that the open ones are mostly
recent. In any county of at least 12 children, C0012 of the first village (V01) is an example that
was put there on purpose: violence between the adults of its household is on record and open, so
that the commands of the documentation have a concern to close (rule cn_dv_household).

合成数据。文件中的儿童、家庭和工作人员都不存在,记录里的名字都是编造的。仅供试用和测试
carescreen,不能据此对真实儿童下任何结论。truth.csv 和 truth_spells.csv 是工作人员看不到的“真实风险”
和每段情况的起止日期,不得作为排序的输入。每个 CSV 都有 data_origin 一列,内容为 synthetic。

decisions.csv 是督导对以往关切的处理,所以未结的大多是近期的。儿童数不少于 12 的县,第一个村(V01)
的 C0012 是有意安排的示例:其家庭有成年人之间暴力的记录且未结案,供文档中的命令(规则
cn_dv_household)演示结案。

as of / 截止日期: {plan.as_of}   seed / 随机种子: {plan.seed}
villages / 村: {plan.villages}   months of visits / 走访月数: {plan.months}
rows / 行数:
{counts}
"""
