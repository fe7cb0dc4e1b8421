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
from carescreen.review.listing import groups, notes

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
    assert "<i>" not in source
    assert made.HOSTILE in parsed.text
    assert "=1+1<img src=x onerror=alert(1)>" in parsed.text
    assert f"<bdi>before <mark>{'&lt;script&gt;'}" in source
    assert "很长的记录 and a long note " * 400 in parsed.text


def test_a_lone_surrogate_does_not_stop_the_page(tmp_path: Path) -> None:
    item = {**made.ALONE, "quote": "a\ud800b", "clause": "a\ud800b"}
    _, parsed = page(tmp_path, [made.record(mentions=[item])])
    assert "a?b" in parsed.text


def body_and_words(source: str) -> tuple[str, str]:
    """What a page shows before any script runs, and the table its language switch reads."""
    body, words = source.split('<template id="words">')
    return body, words.split("</template>")[0]


def test_both_languages_are_inside_and_one_is_shown(tmp_path: Path) -> None:
    for language, tag, shown, other in (
        ("zh", "zh-Hans", "为什么在名单上", "Why this child is on the list"),
        ("en", "en", "Why this child is on the list", "为什么在名单上"),
    ):
        source, parsed = page(tmp_path, made.county(), language=language)
        body, words = body_and_words(source)
        assert parsed.elements[0][1]["lang"] == tag
        assert shown in body
        assert other not in body
        assert f'<i lang="{tag}">{shown}</i>' in words
        assert other in words


def test_every_numbered_text_is_in_the_table_in_both_languages(tmp_path: Path) -> None:
    source, _ = page(tmp_path, made.county(), language="en")
    body, words = body_and_words(source)
    pairs = re.findall(r'<i lang="zh-Hans">(.*?)</i><i lang="en">(.*?)</i>', words)
    numbered = re.findall(r"<i data-w=(\d+)>(.*?)</i>", body)
    assert len(numbered) > len(pairs) > 50
    assert len(set(pairs)) == len(pairs)
    assert {int(place) for place, _ in numbered} == set(range(len(pairs)))
    assert all(pairs[int(place)][1] == shown for place, shown in numbered)


def test_a_page_says_its_standing_sentences_once_a_group_and_not_on_every_card(
    tmp_path: Path,
) -> None:
    records = [{**made.busy_child(), "child_id": f"C{number}"} for number in range(8)]
    body, words = body_and_words(page(tmp_path, records, language="en")[0])
    for sentence in (
        "Do not question or examine the child.",
        "The starting point and the factors add up to the score exactly.",
        "the law gives none",
        "Only raised mentions count.",
        "Law on the Protection of Minors",
    ):
        assert body.count(sentence) == 1
        assert words.count(sentence) == 1


def test_a_concern_points_to_its_sources_at_the_end_of_the_page(tmp_path: Path) -> None:
    source, parsed = page(tmp_path, [made.busy_child()], language="en")
    targets = {a["id"] for tag, a in parsed.elements if tag == "li" and "id" in a}
    links = re.findall(r'Source</i></span> <a href="#(s\d+)">', source)
    assert set(links) == targets == {"s1", "s2"}
    assert re.search(r'<li id="s2">.*Law on the Protection of Minors .*article 21', source)
    assert "programme&#39;s number" in source


def test_the_size_of_a_card_is_kept_small(tmp_path: Path) -> None:
    records = [
        {**made.busy_child(), "child_id": f"C{number:04d}", "household_id": f"H{number}"}
        for number in range(60)
    ]
    whole = len(page(tmp_path, records)[0].encode("utf-8"))
    one = len(page(tmp_path, records[:1])[0].encode("utf-8"))
    assert (whole - one) / 59 < 8_500  # the fullest card of these tests; the usual one is 7 kB


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
    _, parsed = page(tmp_path, made.county(), language="en")
    head = parsed.text[: parsed.text.index("C0012")]
    assert "This file contains quotes from visit notes" in head
    printed = parsed.code[parsed.code.index("@media print") :]
    assert "on-screen" not in printed
    assert ".notice" not in re.sub(r"\{[^}]*\}", "", printed.split("display: none")[0])
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
    assert "A concern your supervisor will explain (G11)" in parsed.text
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
    assert "−0.260" in parsed.text
    assert "Score 0.500" in parsed.text


def test_what_prints_has_days_overdue_and_no_name_of_a_concern(tmp_path: Path) -> None:
    """On paper: each card's first lines without its reasons, then the sheet with its boxes."""
    source, parsed = page(tmp_path, made.county(), language="en")
    body, _ = body_and_words(source)
    heads = re.findall(r"<summary>.*?</summary>", body, re.DOTALL)
    sheets = re.findall(r'<div class="paper sheet".*?</div>', body, re.DOTALL)
    assert len(heads) == len(sheets) == 5
    assert "overdue by 3 days" in heads[0]
    assert "Codes G11, G03." in sheets[0]
    assert "Who looks after the child on a normal weekday?" in sheets[0]
    without_reasons = [re.sub(r'<span class="reasons">.*', "", head) for head in heads]
    for words in (*without_reasons, *sheets):
        assert not re.search("Violence|without care|Score|家中有暴力", words)
    printed = parsed.code[parsed.code.index("@media print") :]
    assert re.search(r"\.body, \.reasons, \.tier,[^{]*\{ display: none !important", printed)


def test_the_end_of_the_week_is_ruled_off_with_a_sentence(tmp_path: Path) -> None:
    source, _ = page(tmp_path, made.county(), language="en")
    body, _ = body_and_words(source)
    line = body.index('<li class="between rule-off">')
    assert "The 3 visits of this week end here." in body[line : line + 300]
    assert body.index("<h3><bdi>C0090") < line < body.index("<h3><bdi>=1+1")


def test_notes_of_a_group_say_where_the_week_ends_and_what_waits() -> None:
    below = [made.record(within_capacity=False, just_below=True)] * 2
    old = made.record(within_capacity=False, state="backlog", tier="immediate")
    (group,) = groups([old, made.record(), *below], "caseworker")
    found = {place: note.words["en"] for place, note in notes(group, info()).items()}
    assert found == {
        1: "The 1 visit of this week ends here. The next ones fell just below the line.",
        3: "These are with the supervisor, from before the first run.",
    }
    assert group.records[-1]["state"] == "backlog"
    (alone,) = groups([made.record()], "caseworker")
    assert notes(alone, info()) == {}


def test_more_immediate_and_urgent_children_than_visits_is_said_once() -> None:
    (group,) = groups([made.record(tier="urgent")] * 3, "caseworker")
    found = notes(group, info(capacity=2))
    assert found[0].words["en"] == (
        "3 children must be seen this week: more than one week's visits (2). None is cut."
    )
    assert notes(group, info(capacity=3)) == {}
    assert notes(group, info(capacity=2, group="village")) == {}


def test_the_number_of_a_card_is_its_place_in_its_group(tmp_path: Path) -> None:
    source, parsed = page(tmp_path, made.county(), language="en")
    assert re.findall(r'<span class="number">(.*?)</span>', source) == [
        *("1/4", "2/4", "3/4", "4/4"),
        "1/1",
    ]
    assert "Place among all children" in parsed.text


def test_the_chip_names_the_note_where_the_sentence_is_not_in_the_file(tmp_path: Path) -> None:
    with_quotes, _ = page(tmp_path, [made.note_alone_child()], language="en")
    without, _ = page(tmp_path, [made.note_alone_child()], language="en", quotes=False)
    chip = re.compile(r'<span class="tag"><i data-w=\d+>(.*?)</i>')
    assert chip.findall(with_quotes) == ["Read this sentence today"]
    assert chip.findall(without) == ["Read the note of 20 Oct 2026 today"]


def test_when_a_child_was_last_seen_has_its_date(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, [made.record()], language="en")
    assert "12 Oct 2026, 20 days before" in parsed.text


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
    body, _ = body_and_words(source)
    assert body.count("同一家庭还有") == 4  # C0012 and C0013; the hostile child and C0090


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
    own = [page for page in pages if page.name != "supervisor.html"]
    assert [page.name for page in own] == ["0001-_W_02.html", "0002-W01.html", "0003-V1.html"]
    everyone = sorted(record["child_id"] for record in records)
    assert sorted(child for page in own for child in children_of(page)) == everyone
    assert sorted(children_of(tmp_path / "list/supervisor.html")) == everyone
    assert not contents.stack
    assert contents.count("li", "card") == 0


def children_of(page: Path) -> list[str]:
    return re.findall(r"<h3><bdi>(.+?)</bdi>", page.read_text(encoding="utf-8"))


def test_a_short_list_is_one_page_with_a_page_for_each_caseworker_beside_it(tmp_path: Path) -> None:
    write_pages(made.county(), tmp_path, info())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list", "list.html"]
    names = sorted(path.name for path in (tmp_path / "list").iterdir())
    assert names == ["0001-W1.html", "0002-V2.html", "supervisor.html"]
    assert len(children_of(tmp_path / "list.html")) == 5
    assert len(children_of(tmp_path / "list/0001-W1.html")) == 4


def test_only_a_caseworkers_page_asks_for_her_own_concern_first(tmp_path: Path) -> None:
    write_pages(made.county(), tmp_path, info())
    asks = {
        path.name: Page(path.read_text(encoding="utf-8")).count("section", "own")
        for path in tmp_path.rglob("*.html")
    }
    assert asks == {
        "list.html": 0,
        "supervisor.html": 0,
        "0001-W1.html": 1,
        "0002-V2.html": 1,
    }


def test_a_supervisors_page_has_no_more_children_than_open_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carescreen.review.html.SUPERVISOR_CHILDREN", 5)
    records = [
        made.record(child_id=f"C{number}", caseworker_id=f"W{number // 3}") for number in range(9)
    ]
    write_pages(records, tmp_path, info())
    parts = sorted(tmp_path.glob("list/supervisor*"))
    assert [(part.name, len(children_of(part))) for part in parts] == [
        ("supervisor-1.html", 3),
        ("supervisor-2.html", 3),
        ("supervisor-3.html", 3),
    ]


def test_two_runs_of_a_page_never_share_what_was_recorded(tmp_path: Path) -> None:
    """What is kept on a device is kept under the run and the page."""
    write_pages(made.county(), tmp_path, info())
    bodies = [
        next(a for tag, a in Page(path.read_text(encoding="utf-8")).elements if tag == "body")
        for path in tmp_path.rglob("*.html")
    ]
    assert len({(body["data-run"], body["data-kept-as"]) for body in bodies}) == len(bodies)


def test_past_visits_and_the_place_on_the_list_before_are_shown(tmp_path: Path) -> None:
    visits = [
        {"visit_id": "V9", "date": "2026-10-12", "seen": "yes"},
        {"visit_id": "V8", "date": "2026-09-01", "seen": "no"},
        {"visit_id": "V7", "date": "2026-08-01", "seen": None},
    ]
    before = [{"as_of": "2026-10-01", "rank": 12, "tier": "urgent"}]
    child = made.record(recent_visits=visits, past_positions=before)
    for quotes in (True, False):
        _, parsed = page(tmp_path, [child], language="en", quotes=quotes)
        assert "12 Oct 2026 child seen V9" in parsed.text
        assert "1 Sep 2026 child not seen V8" in parsed.text
        assert "1 Aug 2026 not said whether the child was seen V7" in parsed.text
        assert "12th on 1 Oct 2026 (Urgent)" in parsed.text


def test_a_concern_says_which_rules_can_be_closed_from_it_also_where_it_may_not_name_them(
    tmp_path: Path,
) -> None:
    for quotes, expected in (
        (True, ["cn_dv_household/G11/immediate", "cn_under8_unattended/G03/urgent"]),
        (False, ["G11/G11/immediate", "cn_under8_unattended/G03/urgent"]),
    ):
        _, parsed = page(tmp_path, [made.busy_child()], quotes=quotes)
        found = [a["data-rules"] for tag, a in parsed.elements if tag == "li" and "data-rules" in a]
        assert found == expected
    hidden = [{**made.VIOLENCE, "code": code} for code in ("G11", "G12", "G11")]
    _, parsed = page(tmp_path, [made.record(concerns=hidden)], quotes=False)
    found = [a["data-rules"] for tag, a in parsed.elements if tag == "li" and "data-rules" in a]
    assert found == ["G11/G11/immediate G12/G12/immediate"]


def test_a_sentence_can_be_called_misread_only_where_it_counts(tmp_path: Path) -> None:
    _, parsed = page(tmp_path, [made.busy_child()])
    found = {a["data-concept"] for tag, a in parsed.elements if tag == "li" and "data-concept" in a}
    assert found == {"left_alone", "dv_exposure"}
