"""The follow-up list as a page: one file that loads nothing, runs nothing of a note, and prints."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import follow_up_records as made
import pytest

from carescreen.errors import OutputError, UsageError
from carescreen.review.html import PAGE_CHILDREN, write_html, write_pages
from carescreen.review.info import ListInfo
from carescreen.review.listing import groups

VOID = {"meta", "input", "rect", "line", "use", "br"}
LOADING = ("src", "srcset", "data", "action", "formaction", "poster", "background", "ping")


class Page(HTMLParser):
    """A page taken apart: its elements, its text, and whether its elements nest."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.text = ""
        self.code = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] in ("style", "script"):
            self.code += data
        else:
            self.text += data

    def count(self, tag: str, word: str = "") -> int:
        return sum(
            name == tag and (not word or word in (attributes.get("class") or "").split())
            for name, attributes in self.elements
        )


def info(**changes: Any) -> ListInfo:
    plain: dict[str, Any] = {
        "as_of": "2026-11-01",
        "pack": made.texts("Rural county", "农村县"),
        "run_id": "run-1",
        "made_by": "analyst-7",
        "expires": "2026-12-01",
        "quotes": True,
    }
    return ListInfo(**{**plain, **changes})


def page(tmp_path: Path, records: list[made.Record], **changes: Any) -> tuple[str, Page]:
    path = tmp_path / "list.html"
    write_html(records, path, info(**changes))
    source = path.read_text(encoding="utf-8")
    return source, Page(source)


def test_the_page_is_well_formed_and_has_one_card_a_child(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, made.county())
    assert parsed.stack == []
    assert parsed.count("li", "card") == 5
    assert parsed.count("main") == 1
    assert parsed.count("h1") == 1
    assert parsed.count("section", "group") == 2


def test_nothing_is_loaded_from_anywhere(tmp_path: Path) -> None:
    source, parsed = page(tmp_path, made.county())
    for _, attributes in parsed.elements:
        assert not set(attributes) & set(LOADING)
        assert all(not name.startswith("on") for name in attributes)
        assert "style" not in attributes
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|sendBeacon", parsed.code)
    assert parsed.count("link") == 0
    assert "https://example.org/law-on-minors" in parsed.text  # printed for reference, as text
    assert '<a href="http' not in source


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(tmp_path: Path) -> None:
    source, parsed = page(tmp_path, [made.record()])
    policy = next(
        attributes["content"] or ""
        for tag, attributes in parsed.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        found = re.search(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_a_hostile_note_is_shown_as_text_and_isolated(tmp_path: Path) -> None:
    source, parsed = page(tmp_path, [made.hostile_child()])
    assert parsed.count("script") == 1
    assert parsed.count("img") == 0
    assert parsed.count("i") == 0
    assert made.HOSTILE in parsed.text
    assert "=1+1<img src=x onerror=alert(1)>" in parsed.text
    assert f"<bdi>before <mark>{'&lt;script&gt;'}" in source
    assert "很长的记录 and a long note " * 400 in parsed.text


def test_a_lone_surrogate_does_not_stop_the_page(tmp_path: Path) -> None:
    item = {**made.ALONE, "quote": "a\ud800b", "clause": "a\ud800b"}
    _, parsed = page(tmp_path, [made.record(mentions=[item])])
    assert "a?b" in parsed.text


def test_both_languages_are_inside_and_one_is_shown(tmp_path: Path) -> None:
    _, chinese = page(tmp_path, made.county())
    _, english = page(tmp_path, made.county(), language="en")
    assert chinese.text.strip() != ""
    for parsed, tag in ((chinese, "zh-Hans"), (english, "en")):
        root = parsed.elements[0][1]
        assert root["lang"] == tag
        assert "为什么在名单上" in parsed.text
        assert "Why this child is on the list" in parsed.text
    languages = Counter(attributes.get("lang") for tag, attributes in chinese.elements)
    assert languages["zh-Hans"] - 1 == languages["en"]  # the root is the one more


def test_the_head_says_what_the_number_is_not(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, made.county())
    assert "It is not a probability, not a diagnosis" in parsed.text
    assert "%" not in parsed.text
    calibrated = [made.record(probability=0.1, probability_low=0.05, probability_high=0.2)]
    _, parsed = page(tmp_path, calibrated)
    assert "The chance is an estimate that a visit now confirms a concern." in parsed.text
    assert "about 10 in 100 (range 5 to 20 in 100)" in parsed.text


def test_synthetic_data_is_labelled(tmp_path: Path) -> None:
    _, plain = page(tmp_path, [made.record()])
    _, labelled = page(tmp_path, [made.record()], synthetic=True)
    assert "Synthetic data." not in plain.text
    assert "Synthetic data." in labelled.text
    assert "合成数据" in labelled.text


def test_a_file_with_quotes_says_so_at_its_top_and_who_made_it(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, made.county())
    head = parsed.text[: parsed.text.index("C0012")]
    assert "This file contains quotes from visit notes" in head
    assert "analyst-7" in head
    assert "1 Dec 2026" in head


def test_a_file_with_quotes_needs_a_maker_and_an_end() -> None:
    with pytest.raises(UsageError, match="who made it and when it expires"):
        info(made_by="")
    with pytest.raises(UsageError, match="who made it and when it expires"):
        info(expires=None)


def test_a_file_without_quotes_redacts_whatever_it_is_given(tmp_path: Path) -> None:
    source, parsed = page(tmp_path, made.county(), quotes=False)
    for secret in (
        "动手打了妈妈",
        "一个人在家",
        "家中有暴力",
        "Violence",
        "反家庭暴力法",
        "伴侣间暴力",
    ):
        assert secret not in source
    assert parsed.count("mark") == 0
    assert "A concern your supervisor will explain" in parsed.text
    assert "1 mention is left out of this file." in parsed.text
    assert "This file contains quotes" not in parsed.text


def test_note_words_are_marked_and_negated_mentions_are_shown_as_such(tmp_path: Path) -> None:
    source, parsed = page(tmp_path, [made.busy_child()])
    assert "<bdi>奶奶不在，<mark>一个人在家</mark></bdi>" in source
    assert "<bdi>没有发现<mark>没去上学</mark>的情况</bdi>" in source
    assert "said not to be so" in parsed.text
    assert "does not count" in parsed.text


def test_a_concern_on_a_note_alone_gives_no_reporting_step_yet(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, [made.busy_child()])
    assert "Report together with your supervisor" not in parsed.text
    assert "Read this sentence today" in parsed.text
    assert "Agree with the family who is with the child" in parsed.text


def test_at_most_two_questions_and_none_that_is_sensitive(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, [made.busy_child()])
    assert "Who looks after the child on a normal weekday?" in parsed.text
    assert "open water" not in parsed.text
    assert "worries you about an adult" not in parsed.text


def test_bars_are_signed_and_scaled_to_the_largest(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, [made.busy_child()])
    bars = [a for tag, a in parsed.elements if tag == "rect" and a["class"] in ("up", "down")]
    assert [(bar["class"], bar["x"], bar["width"]) for bar in bars] == [
        ("up", "100", "96"),
        ("up", "100", "66"),
        ("down", "45", "55"),
    ]
    assert "−0.26" in parsed.text


def test_what_prints_has_no_tier_word_and_no_name_of_a_concern(tmp_path: Path) -> None:
    source, parsed = page(tmp_path, made.county())
    sheets = re.findall(r'<div class="paper".*?</div>', source, re.DOTALL)
    assert len(sheets) == 5
    tiers = ("Immediate", "Urgent", "Priority", "立即", "紧急", "优先", "家中有暴力", "score")
    assert not any(word in sheet for sheet in sheets for word in tiers)
    assert "Visit due by 29 Oct 2026. Codes G11, G03." in sheets[0]
    printed = parsed.code[parsed.code.index("@media print") :]
    assert re.search(r"\.filters,[^{]*\.card > details[^{]*\{ display: none !important", printed)


def test_every_control_has_a_name_and_every_tier_a_word(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, made.county())
    for word in ("立即", "Immediate", "紧急", "Urgent", "优先", "Priority", "常规", "Routine"):
        assert word in parsed.text
    labelled = [a for tag, a in parsed.elements if "data-label-zh" in a]
    assert all(a["aria-label"] == a["data-label-zh"] for a in labelled)
    assert parsed.count("summary") >= 5
    identifiers = Counter(a["id"] for _, a in parsed.elements if "id" in a)
    assert max(identifiers.values()) == 1


def test_overdue_counts_from_the_lists_own_date(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, made.county())
    late = [a["data-late"] for tag, a in parsed.elements if "data-late" in a]
    assert late == ["3", "0", "0", "0", "0"]


def test_children_of_one_household_point_to_each_other(tmp_path: Path) -> None:
    source, _ = page(tmp_path, made.county())
    assert source.count("同一家庭还有") == 4  # C0012 and C0013; the hostile child and C0090


def test_children_without_a_caseworker_are_grouped_by_village() -> None:
    found = groups(made.county(), "caseworker")
    assert [(group.kind, group.name, len(group.records)) for group in found] == [
        ("caseworker", "W1", 4),
        ("village", "V2", 1),
    ]
    assert [group.kind for group in groups([made.record(village_id=None)], "village")] == ["none"]


def test_an_empty_list_is_still_a_page(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, [])
    assert parsed.stack == []
    assert parsed.count("li", "card") == 0


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    first, _ = page(tmp_path, made.county())
    second, _ = page(tmp_path, made.county())
    assert first == second


def test_a_failed_write_leaves_the_old_page_whole(tmp_path: Path) -> None:
    old, _ = page(tmp_path, [made.record()])
    with pytest.raises(KeyError):
        write_html([{"child_id": "C1"}], tmp_path / "list.html", info())
    assert (tmp_path / "list.html").read_text(encoding="utf-8") == old
    assert [path.name for path in tmp_path.iterdir()] == ["list.html"]


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write in the folder"):
        write_html([], tmp_path / "nowhere" / "list.html", info())


def test_a_long_list_becomes_a_table_of_contents_with_a_page_for_each_group(tmp_path: Path) -> None:
    workers = ["W01", "../W/02", None]
    records = [
        {**made.record(), "child_id": f"C{number}", "caseworker_id": workers[number % 3]}
        for number in range(PAGE_CHILDREN + 1)
    ]
    write_pages(records, tmp_path, info())
    contents = Page((tmp_path / "list.html").read_text(encoding="utf-8"))
    links = [attributes["href"] for name, attributes in contents.elements if name == "a"]
    pages = sorted(tmp_path.glob("list/*.html"))
    assert sorted(filter(None, links)) == sorted(
        ["#list", *(page.relative_to(tmp_path).as_posix() for page in pages)]
    )
    texts = [page.read_text(encoding="utf-8") for page in pages]
    shown = [child for text in texts for child in re.findall(r"<h3><bdi>(.+?)</bdi>", text)]
    assert sorted(shown) == sorted(record["child_id"] for record in records)
    assert not contents.stack
    assert contents.count("li", "card") == 0


def test_a_short_list_is_one_page(tmp_path: Path) -> None:
    write_pages([made.record()], tmp_path, info())
    assert [path.name for path in tmp_path.iterdir()] == ["list.html"]
