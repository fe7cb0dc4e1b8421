"""How fast notes are read, and how well: each speed beside a reference measured in the same run.

python benchmarks/notes.py            speed, on notes put together from fixed sentences
python benchmarks/notes.py --gold F   also precision and recall against annotated notes (JSON Lines
                                      with text, lang and mentions: concept, status)
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from laps import medians
from rows import TARGETS, Row, verdicts

from carescreen.notes import NoteReader

NOTES = 40_000
LAPS = 5
RAISED = ("affirmed", "suspected")
SENTENCES = (
    "今天下午到户走访，奶奶在院子里晒玉米，孩子在堂屋写作业，桌上摆着热饭。",
    "奶奶说上周他被他爸用皮带抽了，背上有印子，孩子见人就躲，不肯说话。",
    "没有发现打骂、饿饭的情况，家里收拾得干净，冰箱里有菜有肉。",
    "父母都在广东打工，过年才回来，每周视频一次，钱按月寄。",
    "叮嘱不要私自下河洗澡，讲了防溺水知识，奶奶点头答应。",
    "邻居家的孩子前年辍学打工去了，本户的孩子在镇中学读初二，成绩不错。",
    "可能有段时间没人管，衣服脏，头发打结，要再来看一次。",
    "Visited after school; the boy was doing homework at the table while gran cooked dinner.",
    "Teacher reports he was hit with a belt last night and has bruises on his arm.",
    "No sign of neglect or hunger, the house is clean and the fridge is full.",
    "Both parents work away in the city and come home once a year; they call every Sunday.",
    "Reminded gran not to let him swim in the river, and talked about water safety.",
    "She might be skipping school, attendance dropped to sixty per cent this term.",
    "The neighbour's son was taken to hospital, nothing to do with this family.",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", type=Path, help="annotated notes, JSON Lines")
    options = parser.parse_args()
    reader = NoteReader.load("cn-rural")
    print(verdicts(rows(reader)))
    one = some_notes(1)
    (seconds,) = medians(LAPS, lambda: reader.read(one))
    print(f"one note {seconds * 1000:.2f} ms")
    if options.gold:
        quality(reader, options.gold)


def rows(reader: NoteReader) -> list[Row]:
    """Reading notes, as shipped and without learned weights, beside grep over the same bytes with the
    same words; print notes a second."""
    notes, alone = some_notes(NOTES), NoteReader(reader.lexicon)
    length, found = statistics.mean(map(len, notes)), len(reader.read(notes))
    with grep(reader, notes) as search:
        runs = [
            lambda: reader.read(notes),
            lambda: alone.read(notes),
            *([search] if search else []),
        ]
        whole, lexicon, *reference = medians(LAPS, *runs)
    print(
        f"{NOTES / whole:,.0f} notes/s read ({length:.0f} characters a note, "
        f"{found / NOTES:.1f} mentions a note, {reader.words:,} words), "
        f"{NOTES / lexicon:,.0f} without learned weights ({alone.words:,} words)"
    )
    every = {"as shipped": whole, "without learned weights": lexicon}
    if not search:
        return [Row(TARGETS["read notes"], None, note="there is no grep here")]
    return [Row(TARGETS["read notes"], took, *reference, note=said) for said, took in every.items()]


def some_notes(count: int) -> list[str]:
    """Notes of three sentences and a number: no two are the same, as those are read once."""
    random = np.random.default_rng(7)
    picks = random.integers(0, len(SENTENCES), (count, 3))
    return [
        f"{' '.join(SENTENCES[pick] for pick in row)} {number}"
        for number, row in enumerate(picks.tolist())
    ]


@contextmanager
def grep(reader: NoteReader, notes: Sequence[str]) -> Iterator[Callable[[], object] | None]:
    """A search of the same bytes through grep for the same words; None where there is no grep."""
    program = shutil.which("grep")
    if program is None:
        yield None
        return
    words = {
        word
        for language in reader.lexicon.languages
        for entry in language.concepts.values()
        for word in (*entry.phrases, *entry.lasting)
    }
    with tempfile.TemporaryDirectory() as folder:
        text, list_ = Path(folder) / "notes.txt", Path(folder) / "words.txt"
        text.write_text("\n".join(notes), encoding="utf-8")
        list_.write_text("\n".join(sorted(words)), encoding="utf-8")
        command = [program, "-F", "-c", "-f", str(list_), str(text)]
        yield lambda: subprocess.run(command, capture_output=True, check=False)


def quality(reader: NoteReader, path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for language in sorted({row["lang"] for row in rows}):
        some = [row for row in rows if row["lang"] == language]
        found = reader.read([row["text"] for row in some])
        raised = found[found["status"].isin(RAISED)]
        got = set(zip(raised["note"], raised["concept"], strict=True))
        gold = {
            (number, mention["concept"])
            for number, row in enumerate(some)
            for mention in row["mentions"]
            if mention["status"] in RAISED
        }
        print_quality(reader, language, got, gold, some)


def print_quality(
    reader: NoteReader, language: str, got: set, gold: set, rows: Sequence[dict]
) -> None:
    hits = len(got & gold)
    precision, recall = hits / max(len(got), 1), hits / max(len(gold), 1)
    score = 2 * hits / max(len(got) + len(gold), 1)
    clean = [number for number, row in enumerate(rows) if not row["mentions"]]
    severe = {c.id for c in reader.concepts.values() if c.severity in ("high", "critical")}
    any_ = {number for number, _ in got}
    high = {number for number, concept in got if concept in severe}
    print(
        f"{language}  raised: precision {precision:.3f}, recall {recall:.3f}, F1 {score:.3f}; of "
        f"{len(clean)} notes without mentions {len(any_ & set(clean))} get one, "
        f"{len(high & set(clean))} of them high or critical"
    )


if __name__ == "__main__":
    main()
