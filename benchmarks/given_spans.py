"""The status of spans that somebody else found, on public clinical text: three sources, each whole
and in two halves.

python benchmarks/given_spans.py [FOLDER]     FOLDER holds the data, ../shared/data/real by default

How each source is read:

en_negex_context.csv  A sentence is a note; the span is the concept's first place in it, in any
                      case, with any blanks between its words. Where the concept is not in its
                      sentence (it was cut at a full stop) the whole sentence is the span.
                      Historical counts as past, and a sentence that is negated and historical
                      counts for both: a reader that gives one status must miss one of them.
zh_mdcfnpc.jsonl      "Patient turns": the spans that lie in a patient's own turn, each turn read
                      alone as one note. What a doctor asked is not read along, because a note
                      holds no questions put by somebody else; a span in a doctor's question
                      belongs to the doctor's turns, which are read with the patient's next turn
                      behind them. 阴性 counts as negated, all else (阳性, 其他, 不标注) as not.
zh_mie.jsonl          A window is a note; the span of a symptom is the last place of its name, and
                      symptoms that are not named as such in the window are left out. 阴性 and
                      医生阴性 count as negated.

The halves are drawn by dialogue or sentence from the SHA-256 of its number: the lexicon was tuned
on half A of the first two sources only; half B and the third say how that carries over.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from carescreen.notes import NoteReader

FOLDER = Path("../shared/data/real")
SAID_BY_DOCTOR, SAID_BY_PATIENT = "医生", "患者"
NAMED = re.compile(r"症状:(.+)-状态:(.+)")


@dataclass(frozen=True)
class Span:
    """A span in its note, the statuses it has by the source, and the half it belongs to."""

    note: str
    start: int
    end: int
    gold: frozenset[str]
    half: str


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    reader = NoteReader.load("base")
    measures: list[tuple[str, str, Callable[[Path], Iterable[Span]], tuple[str, ...]]] = [
        ("en_negex_context", "csv", sentences, ("negated", "past")),
        ("zh_mdcfnpc", "jsonl", patient_turns, ("negated",)),
        ("zh_mdcfnpc", "jsonl", doctor_turns, ("negated",)),
        ("zh_mie", "jsonl", windows, ("negated",)),
    ]
    print("status of given spans: tp fp fn are counts of spans, A was tuned on, B was not")
    for name, ending, spans_of, statuses in measures:
        path = folder / f"{name}.{ending}"
        if not path.exists():
            print(f"{name}: skipped, no {path}")
            continue
        spans = list(spans_of(path))
        found = statuses_of(reader, spans)
        for status in statuses:
            for half in ("AB", "A", "B"):
                figures(f"{name}, {spans_of.__name__}", spans, found, status, half)
        confusion(spans, found)


def statuses_of(reader: NoteReader, spans: list[Span]) -> list[str]:
    found = reader.status(
        [span.note for span in spans], [span.start for span in spans], [span.end for span in spans]
    )
    return [str(status) for status in found]


def figures(name: str, spans: list[Span], found: list[str], status: str, half: str) -> None:
    pairs = [
        (status in span.gold, said == status)
        for span, said in zip(spans, found, strict=True)
        if span.half in half
    ]
    counts = Counter(pairs)
    tp, fp, fn = counts[True, True], counts[False, True], counts[True, False]
    precision, recall = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
    print(
        f"{name:<31} {status:<8} {'all' if half == 'AB' else half:<4} {len(pairs):>5} spans  "
        f"tp {tp:>4} fp {fp:>4} fn {fn:>4}  precision {precision:.3f} recall {recall:.3f} "
        f"F1 {2 * tp / max(2 * tp + fp + fn, 1):.3f}"
    )


def confusion(spans: list[Span], found: list[str]) -> None:
    counts = Counter(
        (" and ".join(sorted(span.gold)) or "neither", said)
        for span, said in zip(spans, found, strict=True)
    )
    for gold in sorted({gold for gold, _ in counts}):
        said = {status: count for (other, status), count in counts.items() if other == gold}
        listed = ", ".join(f"{status} {said[status]}" for status in sorted(said))
        print(f"    {gold} is read as: {listed}")


def half_of(key: str) -> str:
    return "AB"[hashlib.sha256(key.encode()).digest()[0] % 2]


def sentences(path: Path) -> Iterator[Span]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            start, end = place_of(row["concept"], row["sentence"])
            gold = {"negated"} if row["negation"] == "Negated" else set()
            if row["temporality"] == "Historical":
                gold.add("past")
            yield Span(row["sentence"], start, end, frozenset(gold), half_of(row["line"]))


def place_of(concept: str, sentence: str) -> tuple[int, int]:
    words = r"\s+".join(map(re.escape, concept.split()))
    whole = re.search(rf"(?<!\w){words}(?!\w)", sentence, re.IGNORECASE)
    found = whole or re.search(words, sentence, re.IGNORECASE)
    return found.span() if found else (0, len(sentence))


def patient_turns(path: Path) -> Iterator[Span]:
    for half, turns in dialogues(path):
        for turn in turns:
            if turn["sender"] == SAID_BY_PATIENT:
                yield from spans_of_turn(turn, turn["text"], half)


def doctor_turns(path: Path) -> Iterator[Span]:
    for half, turns in dialogues(path):
        for at, turn in enumerate(turns):
            if turn["sender"] == SAID_BY_DOCTOR:
                follows = turns[at + 1] if at + 1 < len(turns) else turn
                answer = follows["text"] if follows["sender"] == SAID_BY_PATIENT else ""
                yield from spans_of_turn(turn, f"{turn['text']}\n{answer}", half)


def dialogues(path: Path) -> Iterator[tuple[str, list[dict]]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        dialogue = json.loads(line)
        yield half_of(str(dialogue["dialog_id"])), dialogue["dialog_info"]


def spans_of_turn(turn: dict, note: str, half: str) -> Iterator[Span]:
    for named in turn["ner"]:
        start, end = named["range"]
        gold = frozenset({"negated"} if named["attr"] == "阴性" else ())
        yield Span(note, start, end, gold, half)


def windows(path: Path) -> Iterator[Span]:
    for line in path.read_text(encoding="utf-8").splitlines():
        window = json.loads(line)
        note = "\n".join(filter(None, window["utterances"]))
        for label in window["label"]:
            named = NAMED.fullmatch(label)
            if named and named[1] in note:
                start = note.rindex(named[1])
                gold = frozenset({"negated"} if named[2].endswith("阴性") else ())
                half = half_of(str(window["dialog"]))
                yield Span(note, start, start + len(named[1]), gold, half)


if __name__ == "__main__":
    main()
