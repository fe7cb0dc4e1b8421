"""What the check of annotated notes finds, and that it says it without their words."""

import random
from pathlib import Path

import pytest

from carescreen.corpus import Corpus, read_corpus
from carescreen.corpus_check import RUN, check_corpus, count_corpus
from carescreen.note_findings import Finding

CONCEPTS = ("harm", "neglect", "care")
LONG = "他爸爸昨晚拿皮带抽他的腿"


def corpus_of(folder: Path, *lines: str, name: str = "voice.tsv") -> Corpus:
    path = folder / name
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return read_corpus(path, CONCEPTS)


def told(findings: tuple[Finding, ...]) -> list[tuple[str, int]]:
    return [(f.kind.id, int(f.place.rpartition(":")[2])) for f in findings]


@pytest.mark.parametrize(
    ("lines", "finding"),
    [
        # one note
        (["zh\t[[harm|past:挨过打]]，又[[harm|past:挨过揍]]"], ("twice_in_note", 1)),
        (["zh\t老师说[[harm|suspected:可能挨打]]"], ("cue_in_tag", 1)),
        (["en\tTeacher: [[harm|suspected:Might be hit]]"], ("cue_in_tag", 1)),
        (["en\t[[harm|negated:no hitting]] seen"], ("cue_in_tag", 1)),
        (["zh\t[[harm|affirmed:打，]]哭了"], ("edge", 1)),
        (["zh\t[[harm|affirmed: 打]]哭了"], ("edge", 1)),
        (["en\t[[harm|affirmed:\"hit me]]\" he said"], ("edge", 1)),
        (["zh\t[[harm|affirmed:" + "打" * 41 + "]]"], ("long_tag", 1)),
        (["en\t[[harm|affirmed:" + "hit " * 20 + "him]]"], ("long_tag", 1)),
        # copies
        (["zh\t今天下雨，没出门。", "zh\t今天下雨没出门"], ("same_note", 2)),
        (["zh\t[[harm|affirmed:挨打]]了", "zh\t[[harm|past:挨打]]了"], ("labels_differ", 2)),
        (["zh\t[[harm|affirmed:挨打]]了", "zh\t挨打了"], ("labels_differ", 2)),
        ([f"zh\t小军说{LONG}，哭了。", f"zh\t小红说{LONG}，哭了。"], ("name_changed", 2)),
        ([f"zh\t小军说{LONG}，小军哭。", f"zh\t小红说{LONG}，小红哭。"], ("name_changed", 2)),
        ([f"zh\t{LONG}，哭了一夜。", f"zh\t{LONG}，邻居都听见。"], ("near_copy", 2)),
        ([f"zh\t{LONG}。后来去赶场，买了两只小鸡，又下了一场雨。", f"zh\t{LONG}。"], ("near_copy", 2)),
        (["zh\t没有[[harm|negated:拿皮带抽他的腿]]，奶奶说。",
          "zh\t可能[[harm|suspected:拿皮带抽他的腿]]，奶奶说。"], ("status_changed", 2)),
        (["en\tHe was out in the rain with two brown dogs all day",
          "en\tShe was out in the rain with two brown dogs, today"], ("near_copy", 2)),
        # labels
        (["zh\t[[harm|affirmed:没人管]]。", "zh\t下雨。[[neglect|affirmed:没人管]]。"],
         ("concept_differs", 2)),
        (["zh\t听说[[harm|affirmed:挨打]]。一", "zh\t下雨。听说[[harm|suspected:挨打]]。"],
         ("status_differs", 2)),
        ([f"zh\t[[harm|affirmed:{LONG}]]", f"zh\t听见[[neglect|affirmed:{LONG}]]"], ("words_differ", 2)),
        ([f"zh\t听见{LONG}了", f"zh\t[[harm|affirmed:{LONG}]]"], ("untagged", 1)),
        (["en\tso [[harm|affirmed:hit him very hard]]", "en\tthey Hit him, very hard"], ("untagged", 2)),
    ],
)  # fmt: skip
def test_each_slip_is_named_with_its_line(
    tmp_path: Path, lines: list[str], finding: tuple[str, int]
) -> None:
    assert finding in told(check_corpus(corpus_of(tmp_path, *lines)))


@pytest.mark.parametrize(
    "lines",
    [
        # a negator that is part of the concern; one with another status is meant
        ["en\t[[neglect|affirmed:no food]] at home"],
        ["en\t[[neglect|affirmed:nobody feeds her]]", "en\tmight [[harm|suspected:hit]]"],
        ["zh\t[[harm|affirmed:挨打]]，[[harm|past:也挨过打]]"],
        # quotation marks whose other half is inside, a plural's apostrophe
        ["zh\t[[harm|affirmed:说“打死你”]]", "en\t[[harm|affirmed:the twins']] bruises"],
        # short notes that are alike, short words that are tagged elsewhere
        ["zh\t下雨没去。", "zh\t下雨没去成"],
        ["zh\t[[harm|affirmed:挨打]]了一回", "zh\t说的是挨打这个词"],
        # a longer or a shorter tag over the words is no lost tag
        [f"zh\t[[harm|affirmed:{LONG}]]", f"zh\t邻居听见[[harm|affirmed:{LONG[3:]}]]，没去看，下雨了，路滑"],
        # the same words in the other language's notes
        ["zh\tone two three four five six", "en\tone two three four five six"],
        # no comma: the whole is one clause, and another one
        ["zh\t老李家[[harm|affirmed:没人管]]", "zh\t小张家[[neglect|affirmed:没人管]]"],
    ],
)  # fmt: skip
def test_what_is_no_slip_is_not_named(tmp_path: Path, lines: list[str]) -> None:
    kinds = {kind for kind, _ in told(check_corpus(corpus_of(tmp_path, *lines)))}
    assert kinds <= {"near_copy"}
    assert kinds == ({"near_copy"} if LONG in lines[0] else set())


def test_notes_of_several_files_are_compared(tmp_path: Path) -> None:
    corpus_of(tmp_path, f"zh\t{LONG}，哭了一夜。", name="zh-a.tsv")
    corpus_of(tmp_path, f"zh\t{LONG}，哭了一宿。", name="zh-b.tsv")
    (finding,) = check_corpus(read_corpus(tmp_path, CONCEPTS))
    assert finding.place == f"{tmp_path / 'zh-b.tsv'}:1"
    assert finding.values["other_place"] == f"{tmp_path / 'zh-a.tsv'}:1"


def test_a_finding_holds_no_words_of_a_note(tmp_path: Path) -> None:
    secret = "小石头住桥东头"
    corpus = corpus_of(
        tmp_path,
        f"zh\t[[harm|affirmed:{secret}，]]他说，[[harm|affirmed:如果{secret}]]。",
        f"zh\t[[neglect|affirmed:{secret}]]他说。如果{secret}。",
        f"zh\t{secret}，他说。如果{secret}。",
    )
    findings = check_corpus(corpus)
    assert len({finding.kind.id for finding in findings}) >= 5
    for finding in findings:
        for language in ("en", "zh"):
            assert not any(part in finding.sentence(language) for part in (secret, "石头", "如果"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_near_copies_are_those_of_the_plain_comparison_of_every_two(
    tmp_path: Path, language: str
) -> None:
    words = [f"{chr(0x4E00 + number)}" for number in range(30)]
    if language == "en":
        words = [f"w{number}" for number in range(30)]
    draw = random.Random(7)
    pool = [[draw.choice(words) for _ in range(draw.randint(4, 25))] for _ in range(40)]
    notes = []
    for _ in range(150):
        one, other = draw.choice(pool), draw.choice(pool)
        cut = draw.randint(0, len(one))
        notes.append(one[:cut] + other[draw.randint(0, len(other) - 1) :])
    gap = " " if language == "en" else ""
    corpus = corpus_of(tmp_path, *(f"{language}\t{gap.join(note)}" for note in notes))
    found = [f for f in check_corpus(corpus) if "other_place" in f.values]
    pairs = {
        int(f.place.rpartition(":")[2]) - 1: int(f.values["other_place"].rpartition(":")[2]) - 1
        for f in found
    }

    def share(a: int, b: int) -> float:
        runs = [
            {
                tuple(notes[n][at : at + RUN[language]])
                for at in range(len(notes[n]) - RUN[language] + 1)
            }
            for n in (a, b)
        ]
        shorter = min(map(len, runs))
        return len(runs[0] & runs[1]) / shorter if shorter >= 6 else float(notes[a] == notes[b])

    alike = {
        later: max(share(later, earlier) for earlier in range(later)) for later in range(1, 150)
    }
    assert set(pairs) == {later for later, most in alike.items() if most > 0.5}
    assert all(share(later, earlier) == alike[later] for later, earlier in pairs.items())


def test_notes_and_mentions_are_counted(tmp_path: Path) -> None:
    corpus_of(
        tmp_path, "zh\t下雨", "zh\t[[harm|past:挨打]]和[[care|affirmed:有人管]]", name="zh-a.tsv"
    )
    corpus_of(tmp_path, "en\t[[harm|affirmed:hit]]", name="en-b.tsv")
    counts = count_corpus(read_corpus(tmp_path, CONCEPTS))
    assert counts.writers == {"en-b": (1, 0), "zh-a": (2, 1)}
    assert counts.languages == {"en": (1, 0), "zh": (2, 1)}
    assert counts.concepts == {
        "care": {("zh", "affirmed"): 1},
        "harm": {("zh", "past"): 1, ("en", "affirmed"): 1},
    }
    assert {name: count for name, count in counts.statuses.items() if count} == {
        "affirmed": 2,
        "past": 1,
    }
