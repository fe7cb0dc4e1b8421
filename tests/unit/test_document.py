"""A pack as a page: all that a lawyer asks for, in both languages; nothing runs or is half-written."""

import re
import shutil
from datetime import date
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from carescreen.authoring.document import document, write_document
from carescreen.authoring.document_texts import texts_of
from carescreen.authoring.findings import Counterexample, Failure, Proof, Proofs
from carescreen.errors import OutputError
from carescreen.rules import RulePack
from tests.unit.small_pack import CONCEPTS, EXAMPLES, INDICATORS, PACK, rule, write_pack

DAY = date(2026, 11, 1)
PLAIN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "nav", "section"),
    *("article", "fieldset", "legend", "label", "input", "h1", "h2", "h3", "h4", "p", "div"),
    *("span", "b", "bdi", "a", "code", "pre", "ul", "ol", "li", "dl", "dt", "dd", "table"),
    *("caption", "thead", "tbody", "tr", "th", "td"),
}
VOID = {"meta", "input"}
ALONE = "age_years < 8 and unattended == 'yes'"


class Page(HTMLParser):
    """A page taken apart: its elements, its text, the text of each language, and if elements nest."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[tuple[str, str]] = []
        self.text = ""
        self.spoken = {"zh-Hans": "", "en": "", "": ""}
        self.feed(source)
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            around = self.stack[-1][1] if self.stack else ""
            language = "" if tag == "html" else dict(attrs).get("lang") or around
            self.stack.append((tag, language))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1][0] != "style":
            self.text += data
            self.spoken[self.stack[-1][1]] += data

    def values(self, attribute: str) -> list[str]:
        return [str(found[attribute]) for _, found in self.elements if attribute in found]


@cache
def rural() -> RulePack:
    return RulePack.load("cn-rural")


@cache
def page_of(language: str) -> Page:
    return Page(document(rural(), DAY, language))


def small(folder: Path, *rules: str, **files: str) -> RulePack:
    return RulePack.load(write_pack(folder / "small", *(rules or (rule("a", ALONE),)), **files))


def part_of(page: str, id: str) -> str:
    """The article of a rule."""
    return page.split(f'id="{id}"')[1].split("</article>")[0]


def test_every_rule_stands_with_its_questions_sources_and_examples_in_both_languages() -> None:
    page = document(rural(), DAY)
    for one in (*rural().rules, *rural().rules_off):
        article = unescape(part_of(page, one.id))
        assert one.condition.text in article
        for texts in (one.title, one.ask, one.act, one.threshold_reason or {}):
            for said in texts.values():
                assert said in article, (one.id, said)
        for source in one.source:
            assert source["law"] in article
            assert source["url"] is None or f'href="{source["url"]}"' in article
        for example in one.examples:
            assert {example.text["zh"], example.text["en"]} <= set(
                re.findall(r"<p>(.*?)</p>", article)
            )


def test_every_threshold_indicator_and_promise_is_explained() -> None:
    text = page_of("both").text
    for threshold in rural().pack.thresholds.values():
        assert threshold.reason["zh"] in text
        assert threshold.reason["en"] in text
    ids = set(page_of("both").values("id"))
    assert {f"indicator-{name}" for name in rural().indicators} <= ids
    assert {f"threshold-{name}" for name in rural().pack.thresholds} <= ids
    for file in rural().pack.files:
        for entry in file.data.get("properties") or []:
            assert entry["title"]["en"] in text


def test_what_nobody_reviewed_or_verified_is_said_plainly() -> None:
    page = document(rural(), DAY)
    assert "No lawyer has reviewed this pack, and nobody else has." in page
    assert "没有律师审阅过本规则包" in page
    assert "Of 71 rules, 68 rest on sources whose text was read throughout, and 3 on" in page
    off = [one.id for one in (*rural().rules, *rural().rules_off) if not one.source[0]["verified"]]
    assert all("not verified" in part_of(page, name) for name in off)


def test_a_reviewed_pack_still_says_which_parent_nobody_reviewed(tmp_path: Path) -> None:
    small(tmp_path)
    child = write_pack(
        tmp_path / "county",
        pack=PACK.replace("id: small", "id: county") + "extends: small\nreviewed_by: Wang Fang\n",
        indicators=None,
        concepts=None,
    )
    page = document(RulePack.load(child), DAY, "en")
    assert "The pack says that it was reviewed by: Wang Fang" in page
    assert "Nobody has reviewed the packs that it extends: small" in page


def test_rules_that_are_off_or_not_in_force_are_marked(tmp_path: Path) -> None:
    later = "    in_force: [2027-01-01, null]\n" + EXAMPLES
    pack = small(
        tmp_path,
        rule("active", ALONE),
        rule("dormant", ALONE, code="X2", more="    default: off\n" + EXAMPLES),
        rule("later", ALONE, code="X3", more=later),
    )
    page = document(pack, DAY, "en")
    assert "switched off" not in part_of(page, "active")
    assert "switched off" in part_of(page, "dormant")
    assert "not in force on this day" in part_of(page, "later")
    assert "from 1 Jan 2027" in part_of(page, "later")
    assert "not in force" not in part_of(document(pack, date(2027, 1, 1), "en"), "later")


def test_what_a_note_alone_may_do_and_what_a_blank_means(tmp_path: Path) -> None:
    when = "(age_years < 8 and noted(left_alone)) or boarding == 'no' and noted(school_absence)"
    page = Page(document(small(tmp_path, rule("a", when)), DAY, "en")).text
    assert (
        "Left alone: a note alone may put a child in this tier who is known to be under 8." in page
    )
    assert "Absent from school: a note alone may put a child in no tier" in page
    assert "a blank is not known and becomes a question: Boarding" in page
    assert "counts as not observed (no); these count as blank too: unknown" in page
    assert "Worked out from dates, and not known where they are not: Age" in page


def test_numbers_of_a_child_pack_stand_beside_those_the_examples_were_written_for(
    tmp_path: Path,
) -> None:
    numbers = (
        "thresholds:\n  few_nights:\n    value: {}\n"
        "    title: {{en: Nights that count, zh: 计入的天数}}\n    reason: {{en: {}, zh: 理由}}\n"
    )
    write_pack(
        tmp_path / "small",
        rule("a", "nights_away >= few_nights"),
        pack=PACK + numbers.format(2, "Two are enough"),
    )
    child = write_pack(
        tmp_path / "county",
        pack=PACK.replace("id: small", "id: county")
        + "extends: small\n"
        + numbers.format(3, "Field season"),
        indicators=None,
        concepts=None,
    )
    page = Page(document(RulePack.load(child), DAY, "en")).text
    assert "set by the pack county" in page
    assert "Field season" in page
    assert "examples of this rule were written for: Nights that count 2" in page


@pytest.mark.parametrize(("shown", "other"), [("zh", "en"), ("en", "zh")])
def test_a_page_of_one_language_holds_no_sentence_of_the_other(shown: str, other: str) -> None:
    page = page_of(shown)
    assert page.values("lang")[0] == {"zh": "zh-Hans", "en": "en"}[shown]
    assert {"zh": "zh-Hans", "en": "en"}[other] not in page.values("lang")
    for one in (*rural().rules, *rural().rules_off):
        told = [one.title, one.ask, one.act, *(example.text for example in one.examples)]
        assert all(texts[shown] in page.text for texts in told)
        # a sentence of one language may by chance be the same in the other
        assert not any(texts[other] in page.text for texts in told if texts["zh"] != texts["en"])
    own = {text for text in texts_of(other).values() if len(text) > 20 and "{" not in text}
    assert not any(text in page.text for text in own)


def test_in_a_page_of_both_every_text_is_marked_with_its_language() -> None:
    spoken = page_of("both").spoken
    for one in rural().rules:
        assert one.ask["zh"] in spoken["zh-Hans"]
        assert one.ask["en"] in spoken["en"]


def test_the_page_is_well_formed_loads_nothing_and_runs_nothing() -> None:
    page = page_of("both")
    assert {tag for tag, _ in page.elements} <= PLAIN_TAGS
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]
    assert not [
        v for name in ("src", "srcset", "action", "data", "style") for v in page.values(name)
    ]
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for target in page.values("href"):
        assert target.startswith(("https://", "http://")) or target[1:] in ids, target
    assert set(page.values("aria-labelledby")) <= set(ids)


def test_hostile_words_of_a_pack_stay_words(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)> & {{ 7*7 }} \\\" ' </style>"

    def hostile(text: str, *words: str) -> str:
        for word in words:
            assert word in text
            text = text.replace(word, f'"{word} {evil}"')
        return text

    told = (
        "    threshold_by: programme\n"
        f'    threshold_reason: {{en: "{evil}", zh: "{evil}"}}\n'
        f'    how_soon: {{en: "{evil}", zh: "{evil}"}}\n'
        f'    mandatory: "{evil}"\n'
        f'    examples: [{{given: {{}}, expect: not_met, en: "{evil}", zh: "{evil}"}}]\n'
    )
    pack = small(
        tmp_path,
        hostile(
            rule("a", "age_years < 8 and noted(left_alone)", more=told),
            "A concern",
            "关注事项",
            "See the child",
            "某法",
        ),
        pack=hostile(PACK, "Small", "小") + f'reviewed_by: "{evil}"\n',
        indicators=hostile(INDICATORS, "Age", "年龄"),
        concepts=hostile(CONCEPTS, "Left alone", "独自在家"),
    )
    page = Page(document(pack, DAY))
    assert {tag for tag, _ in page.elements} <= PLAIN_TAGS
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]
    assert page.text.count("<script>alert(1)</script>") > 15
    assert "{{ 7*7 }}" in page.text


def test_same_pack_same_day_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    first = small(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two" / "elsewhere")
    second = RulePack.load(tmp_path / "two" / "elsewhere" / "small")
    assert document(first, DAY) == document(second, DAY)
    assert str(tmp_path) not in document(first, DAY)


def proofs_of(pack: RulePack, failure: Failure | None) -> Proofs:
    general = Proof({"en": "In general", "zh": "一般"}, 1, ())
    own = Proof({"en": "Own", "zh": "自己"}, 1, () if failure is None else (failure,))
    return Proofs(pack.pack.id, pack.pack.version, "2026-11-01", 1, (general, own))


def test_promises_say_whether_they_were_proved(tmp_path: Path) -> None:
    promise = (
        "properties:\n  - id: p\n    title: {en: Alone is urgent, zh: 独处为紧急}\n"
        "    when: age_years < 8 and unattended == 'yes'\n    reaches: urgent\n"
    )
    pack = small(tmp_path, pack=PACK + promise)
    assert "Not proved for this page" in document(pack, DAY, "en")
    held = Page(document(pack, DAY, "en", proofs_of(pack, None))).text
    assert "2 properties, 0 of which do not hold" in held
    assert 'Every such child is at "Urgent" or above.' in held
    shown = Counterexample({"age_years": 6, "unattended": "yes"}, "routine")
    place = pack.rules[0].place
    failure = Failure("p", {"en": f"stays below ({place})", "zh": f"没有达到（{place}）"}, shown)
    failing = Page(document(pack, DAY, "en", proofs_of(pack, failure))).text
    assert "Does not hold" in failing
    assert "p: stays below (small/rules/all.yaml:2)" in failing
    assert "For example a child: Age: 6; Unattended: yes → Routine" in failing


def test_an_earlier_page_is_replaced_and_anything_else_is_left_alone(tmp_path: Path) -> None:
    pack = small(tmp_path)
    page = tmp_path / "out" / "rules.html"
    write_document(pack, page, DAY, "zh")
    write_document(pack, page, DAY)
    assert page.read_text(encoding="utf-8") == document(pack, DAY)
    assert [path.name for path in page.parent.iterdir()] == ["rules.html"]
    letter = tmp_path / "letter.html"
    letter.write_text("<p>Dear lawyer</p>", encoding="utf-8")
    with pytest.raises(OutputError, match="no page written by this command"):
        write_document(pack, letter, DAY)
    assert letter.read_text(encoding="utf-8") == "<p>Dear lawyer</p>"


def test_a_page_goes_neither_over_the_pack_nor_over_a_folder_nor_into_a_file(
    tmp_path: Path,
) -> None:
    pack = small(tmp_path)
    source = tmp_path / "small" / "pack.yaml"
    with pytest.raises(OutputError, match="is an input of this command"):
        write_document(pack, source, DAY)
    assert RulePack.load(tmp_path / "small").digest == pack.digest
    with pytest.raises(OutputError, match="is a folder"):
        write_document(pack, tmp_path / "small", DAY)
    with pytest.raises(OutputError, match="is a file"):
        write_document(pack, source / "rules.html", DAY)


def test_the_texts_of_both_languages_have_the_same_keys_and_names() -> None:
    names = re.compile(r"\{(\w+)\}")
    english, chinese = texts_of("en"), texts_of("zh")
    assert {key for key in english if not key.endswith("_one")} == set(chinese)
    for key, text in english.items():
        assert set(names.findall(text)) == set(names.findall(chinese[key.removesuffix("_one")]))


def test_every_text_of_the_page_is_used() -> None:
    folder = Path(__file__).parents[2] / "carescreen" / "authoring"
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("document*.py"))
    code += (folder / "templates" / "rules.html.j2").read_text(encoding="utf-8")
    built = (
        *("reading_", "counts_", "setting_", "state_", "tier_", "lane_", "level_", "kind_"),
        *("type_", "order_", "missing_", "sensitivity_", "family_", "unit_", "hold_", "reads_"),
    )
    for key in texts_of("zh"):
        assert key in code or key.startswith(built) or key in ("met", "not_met", "cannot_tell"), key
