"""What the check of a lexicon finds, each kind on a small lexicon that has just that one thing wrong."""

from pathlib import Path

import pytest

from carescreen.corpus import read_corpus
from carescreen.lexicon import Pattern, load_concepts
from carescreen.lexicon_check import check_lexicon, holds
from carescreen.note_findings import Finding
from carescreen.notes import NoteReader
from carescreen.pack import Pack
from carescreen.pattern_check import MOST_TRIED, try_pattern

ROOT = Path(__file__).parents[2]
CONCEPTS = """\
concepts:
  - {id: harm, title: {en: Harm, zh: 伤害}, polarity: risk, severity: high, subject: child}
  - {id: want, title: {en: Want, zh: 匮乏}, polarity: risk, severity: low, subject: household}
  - {id: care, title: {en: Care, zh: 照顾}, polarity: protective, severity: none, subject: child}
"""
LEXICON = """\
format: carescreen-lexicon/1
language: {language}
classes:
  by: [被, 遭]
shields: [打工]
concepts:
  harm:
    phrases: [挨打]
    lasting: [去世]
    patterns:
      - ["{{by}}", 0-3, "打|揍"]
    exclusions: [打球]
  want: {{phrases: [断粮]}}
  care: {{phrases: [有人带]}}
cues:
  no: {{status: negated, side: before, reach: 5, commas: stop, words: [不是]}}
"""


def write(folder: Path, *changes: tuple[str, str], language: str = "zh") -> Pack:
    text = LEXICON.format(language=language)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    folder.mkdir(exist_ok=True)
    pack = f"format: carescreen-pack/1\nid: {folder.name}\nversion: 0.1.0\n"
    (folder / "pack.yaml").write_text(pack + "title: {en: S, zh: 小}\n", encoding="utf-8")
    (folder / "concepts.yaml").write_text(CONCEPTS, encoding="utf-8")
    (folder / f"lexicon.{language}.yaml").write_text(text, encoding="utf-8")
    return Pack.load(folder)


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str, int, str]]:
    return [
        (f.kind.severity, f.kind.id, int(f.place.rpartition(":")[2]), f.says("en"))
        for f in findings
    ]


def test_a_sound_lexicon_has_no_findings(tmp_path: Path) -> None:
    assert check_lexicon(write(tmp_path / "small")) == ()


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("[挨打]", "[挨打, 打球时]",
         ("error", "excluded_phrase", 8,
          "'打球时' of harm is never found: it holds the exclusion '打球' (:12).")),
        ("[有人带]", "[有人带, 挨打]",
         ("error", "opposed_concepts", 14,
          "'挨打' is a phrase of care and of harm (:8): a risk and a protection.")),
        ("[断粮]", "[断粮, 挨打]",
         ("warning", "two_concepts", 13, "'挨打' is a phrase of want and of harm (:8).")),
        ("[断粮]", "[断粮, 斷糧]",
         ("warning", "duplicate", 13, "'斷糧' stands in concepts.want.phrases already (:13).")),
        ("[去世]", "[去世, 挨打]",
         ("warning", "duplicate", 9, "'挨打' stands in concepts.harm.lasting already (:8).")),
        ("[打工]", "[打工, 打工]",
         ("warning", "duplicate", 5, "'打工' stands in shields already (:5).")),
        ("0-3, \"打|揍\"]", "0-3, \"打|揍\"]\n      - [\"{by}\", 0-3, \"打|揍\"]",
         ("warning", "duplicate", 12,
          "'[{by}, 0-3, 打|揍]' stands in concepts.harm.patterns already (:11).")),
        ("\"打|揍\"]", "\"打球|打球场\"]",
         ("error", "pattern_never", 11,
          "the pattern [{by}, 0-3, 打球|打球场] of harm never matches, in any of 4 choices of its "
          "words.")),
        ("\"打|揍\"]", "\"打|打球\"]",
         ("warning", "part_never", 11,
          "in the pattern [{by}, 0-3, 打|打球] of harm, '打球' never matches, in any of 2 choices of "
          "the other words.")),
        ("[\"{by}\", 0-3", "[被，遭, 0-3",
         ("error", "pattern_never", 11,
          "the pattern [被，遭, 0-3, 打|揍] of harm never matches, in any of 2 choices of its words.")),
        ("[\"{by}\", 0-3", "[被人, 0-3",
         ("warning", "class_unused", 4, "the word class 'by' stands in no pattern.")),
        ("exclusions: [打球]", "exclusions: [打球, 去打球场]",
         ("warning", "exclusion_contained", 12,
          "the exclusion '去打球场' of harm adds nothing: it holds the exclusion '打球' (:12).")),
        ("{phrases: [断粮]}", "{exclusions: [断网]}",
         ("warning", "no_words", 3, "want has no phrase and no pattern in zh.")),
        ("{phrases: [断粮]}", "{exclusions: [断网]}",
         ("warning", "exclusion_without_words", 13,
          "the exclusion '断网' of want has nothing to rule out: the concept has no phrase and no "
          "pattern in this language.")),
        ("[断粮]", "[断粮, 不是没米]",
         ("note", "negator_in_phrase", 13, "'不是没米' of want holds '不是' (no).")),
    ],
)  # fmt: skip
def test_each_kind_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, finding: tuple[str, str, int, str]
) -> None:
    assert finding in told(check_lexicon(write(tmp_path / "small", (old, new))))


def test_a_phrase_that_is_itself_a_shield_is_still_found(tmp_path: Path) -> None:
    # Only a longer shield hides; the check must not say that this phrase is never found.
    pack = write(tmp_path / "small", ("[打工]", "[打工, 挨打]"))
    assert NoteReader.load(pack).read(["他挨打"])["concept"].tolist() == ["harm"]
    assert check_lexicon(pack) == ()


def test_a_phrase_hidden_by_an_exclusion_of_the_other_language_is_named(tmp_path: Path) -> None:
    write(tmp_path / "small", ("[打球]", "[ok]"), language="en")
    pack = write(tmp_path / "small", ("[挨打]", "[挨打, 打得ok]"))
    findings = [finding for finding in check_lexicon(pack) if finding.kind.id == "hidden_phrase"]
    assert [f.says("zh") for f in findings] == ["harm 的短语“打得ok”单独成句也找不到。"]


def test_latin_words_without_room_between_them_never_match(tmp_path: Path) -> None:
    change = ('["{by}", 0-3, "打|揍"]', "[was, 0-0, hit]")
    findings = told(check_lexicon(write(tmp_path / "small", change, language="en")))
    assert [kind for severity, kind, *_ in findings if severity == "error"] == ["pattern_never"]
    change = ('["{by}", 0-3, "打|揍"]', "[was, 0-1, hit]")
    findings = told(check_lexicon(write(tmp_path / "small", change, language="en")))
    assert not [kind for severity, kind, *_ in findings if severity == "error"]


def test_a_pattern_of_a_cue_is_tried_too(tmp_path: Path) -> None:
    change = ("words: [不是]", 'patterns: [["说，不", 0-2, "是"]]')
    assert [
        (kind, line) for _, kind, line, _ in told(check_lexicon(write(tmp_path / "s", change)))
    ] == [("pattern_never", 16)]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("negated", "negator_in_phrase"),
        ("adult", "grown_up_in_phrase"),
        ("suspected", "cue_in_phrase"),
        ("none", None),
    ],
)
def test_a_cue_inside_a_phrase_is_a_note_by_what_it_would_do(
    tmp_path: Path, status: str, kind: str | None
) -> None:
    pack = write(tmp_path / "small", ("negated", status), ("[断粮]", "[断粮, 怕不是断炊]"))
    assert [found for _, found, *_ in told(check_lexicon(pack))] == ([kind] if kind else [])


def test_a_word_that_only_replaces_its_parents_is_not_a_duplicate(tmp_path: Path) -> None:
    write(tmp_path / "parent")
    child = tmp_path / "child"
    child.mkdir()
    pack = "format: carescreen-pack/1\nid: child\nversion: 0.1.0\nextends: parent\n"
    (child / "pack.yaml").write_text(pack + "title: {en: S, zh: 小}\n", encoding="utf-8")
    words = "format: carescreen-lexicon/1\nlanguage: zh\nconcepts:\n  harm:\n    phrases: "
    path = child / "lexicon.zh.yaml"
    path.write_text(words + "[挨打]\n", encoding="utf-8")
    assert check_lexicon(Pack.load(child)) == ()
    path.write_text(words + "{add: [挨打]}\n", encoding="utf-8")
    (finding,) = check_lexicon(Pack.load(child))
    parent = (tmp_path / "parent" / "lexicon.zh.yaml").resolve()
    assert finding.place == f"{path}:5"
    assert Path(finding.values["other_place"].rpartition(":")[0]).resolve() == parent


# -- with annotated notes ----------------------------------------------------------------------------


def test_annotated_notes_show_concepts_with_few_of_them_and_exclusions_that_never_apply(
    tmp_path: Path,
) -> None:
    pack = write(tmp_path / "small", ("[打球]", "[打球, 练拳]"))
    concepts = load_concepts(pack)
    path = tmp_path / "zh-voice.tsv"
    harm = "zh\t他[[harm|affirmed:挨打]]。\n"
    notes = harm * 10 + "zh\t他打球挨打。\nzh\t练拳。断粮。\nzh\t没[[care|negated:有人带]]\n"
    path.write_text(notes, encoding="utf-8")
    found = told(check_lexicon(pack, read_corpus(path, concepts)))
    assert found == [
        ("warning", "few_examples", 3,
         "want is affirmed in 0 annotated notes in zh; at least 10 are wanted."),
        ("warning", "few_examples", 4,
         "care is affirmed in 0 annotated notes in zh; at least 10 are wanted."),
        ("note", "exclusion_unseen", 12,
         "the exclusion '练拳' of harm rules out nothing in the annotated notes."),
    ]  # fmt: skip


# -- what the checks stand on ------------------------------------------------------------------------


def test_a_long_pattern_is_tried_in_a_bounded_number_of_choices() -> None:
    words = tuple(f"词{number}" for number in range(100))
    pattern = Pattern((words, words, words, ("完",)), ((0, 2), (0, 2), (0, 2)))
    trial = try_pattern(pattern, [], ["完"])
    assert (trial.matches, trial.tried) == (False, MOST_TRIED)
    trial = try_pattern(pattern, [], ["词7"])
    assert trial.matches
    assert "词7" in trial.never
    assert "词8" not in trial.never


def test_a_latin_word_stands_in_a_text_only_as_a_whole_word() -> None:
    assert holds("he said no.", "no")
    assert not holds("he said nothing, and a café", "no")
    assert not holds("cafés", "café")
    assert holds("说ok了", "ok")
    assert holds("打打", "打")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_finding_is_a_whole_sentence_in_both_languages(tmp_path: Path, language: str) -> None:
    pack = write(tmp_path / "small", ("[挨打]", "[挨打, 打球时]"))
    (finding,) = check_lexicon(pack)
    sentence = finding.sentence(language)
    assert sentence.startswith(f"{tmp_path / 'small' / 'lexicon.zh.yaml'}:8: ")
    assert finding.says(language) in sentence
    assert finding.kind.advice[language] in sentence


@pytest.mark.parametrize("name", ["base", "cn-rural", "international", "examples/pack_elsewhere"])
def test_the_shipped_lexicons_have_no_errors(name: str) -> None:
    pack = Pack.load(ROOT / name if "/" in name else name)
    errors = [f.sentence("en") for f in check_lexicon(pack) if f.kind.severity == "error"]
    assert errors == []
