"""A report as a folder: the page, metrics.json and tables, whole or not at all.

report.html    for people         methods.csv    figures of methods by part
metrics.json   every figure       groups.csv     comparisons of groups
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from carescreen.evaluation.evaluated import Evaluation
from carescreen.evaluation.report.content import content_of
from carescreen.evaluation.report.export import metrics_text
from carescreen.evaluation.report.masking import leaving_office
from carescreen.evaluation.report.page import report_page
from carescreen.evaluation.verdicts import Language
from carescreen.results import write_csv
from carescreen.results_place import replaced_folder, require_folder

FILES = ("report.html", "metrics.json", "methods.csv", "groups.csv")
OURS = (FILES, "metrics.json", '"carescreen-evaluation/')


def write_report(
    evaluation: Evaluation,
    folder: Path | str,
    *,
    language: Language = "en",
    for_office: bool = True,
    read: Sequence[Path] = (),
) -> list[Path]:
    """Write the report of an evaluation and give the paths of its files.

    for_office: False for a report that leaves the office, in which small cells, and all that is about
    one village or worker, are left out. An existing folder is replaced only if it holds an earlier
    report and nothing else, or nothing; `read` are files of the input, none of which may lie in it.
    Errors: OutputError, nothing is written then.
    """
    content = content_of(evaluation) if for_office else leaving_office(evaluation)
    place = Path(folder)
    with replaced_folder(place, *OURS, read) as aside:
        page = report_page(content, language)
        (aside / "report.html").write_text(page, "utf-8", "replace", "\n")
        (aside / "metrics.json").write_text(metrics_text(content), "utf-8", newline="\n")
        write_csv(content.figures, aside / "methods.csv")
        if content.groups is not None:
            write_csv(content.groups, aside / "groups.csv")
        written = sorted(path.name for path in aside.iterdir())
    return [place / name for name in FILES if name in written]


def require_report_folder(folder: Path, read: Sequence[Path] = ()) -> None:
    """OutputError where a report may not be written, before the work of measuring is done."""
    require_folder(folder, *OURS, read)
