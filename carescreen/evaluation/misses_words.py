"""What the list misses, in sentences for a programme manager, English and Chinese."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from carescreen.evaluation.judged import LEAST_EVENTS
from carescreen.evaluation.missed import (
    COUNTED,
    ESTIMATED,
    NOBODY,
    NONE_JUDGED,
    NOT_ENOUGH,
    Missed,
    Notice,
)
from carescreen.evaluation.verdicts import Language

FAILED_OFTEN = 0.10  # share of failed visits from which a reader is told what they may hide

TEXTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "all": "All counties together",
        "seen": "Where every child was visited",
        "county": "County {of}",
        "recall": "{where}: of 100 children who would have been confirmed had everybody been "
        "visited, about {recall} were on the list ({low} to {high}).",
        "basis": "This rests on {below} confirmed outcomes of {visits} random visits below the line.",
        "counted": "{where}: of 100 children who were confirmed, {recall} were on the list. Every "
        "child was visited, so this is counted, not estimated; the same list would find {low} to "
        "{high} in other quarters like these. To keep it so, the order of the round has to be drawn "
        "at random: otherwise those seen first are not like the others.",
        "few": "{where}: not enough evidence. Random visits below the line confirmed {below}; at "
        "least {least} are needed.",
        "few_counted": "{where}: not enough evidence. All visits together confirmed {all}; at least "
        "{least} are needed.",
        "few_unjudged": "{where}: not enough evidence. No random visit below the line has judged a "
        "child so far, so nothing says how many more are needed.",
        "nobody": "{where}: every child had a seat, so nobody was below the line and there was nothing "
        "to miss. No share is given.",
        "more_few": "About {more} more random visits would do, if they find as often as so far.",
        "more": "About {more} more random visits would narrow this to 10 points up or down.",
        "naive": "Visits not drawn at random say {naive} of 100, all children {recall}: "
        "{over} points too many.",
        "naive_alone": "Visits not drawn at random say {naive} of 100. They tell of the children whom "
        "somebody chose to see, not of all children.",
        "per_event": "For one confirmed outcome, {listed} children on the list were visited, and "
        "{below} below it.",
        "failed": "{failed} of these {visits} visits could not judge. They count as missing, as if "
        "they were like the others; if more was wrong there, the list misses more than this says.",
        "notice_seen": "{n} child-windows are of places where every child was visited.",
        "notice_unmeasured": "{n} child-windows are left out: their county had no random visit in "
        "that window, so nothing says what its lists miss.",
        "notice_no_chance": "{n} judged child-windows are left out: how their child was chosen is "
        "not recorded.",
        "notice_drawn_without_chance": "{n} random visits are left out: their chance is not recorded.",
        "notice_stands_for_more": "The recorded chances stand for {n} times as many children as there "
        "are below the line: probably they are of one week's list, and the window has several. Only "
        "what they are beside each other is used.",
        "notice_stands_for_fewer": "The recorded chances stand for {n} times as many children as "
        "there are below the line: many could not be drawn. They are taken to be like those who could.",
    },
    "zh": {
        "all": "各县合计",
        "seen": "所有孩子都走访到的地方",
        "county": "{of}",
        "recall": "{where}：假如所有孩子都走访一遍，每 100 个会被核实有情况的孩子里，名单上大约有 "
        "{recall} 个（{low} 至 {high}）。",
        "basis": "依据是名单以外 {visits} 次随机走访，其中核实有情况的 {below} 例。",
        "counted": "{where}：每 100 个核实有情况的孩子里，名单上有 {recall} 个。这里每个孩子都走访到了，"
        "所以是数出来的，不是估计；同样的名单用在其他类似的季度，会有 {low} 至 {high} 个。"
        "要一直这样看，走访的先后次序须随机排定，否则先看到的孩子与后看到的并不一样。",
        "few": "{where}：证据不足。名单以外的随机走访核实了 {below} 例，至少要有 {least} 例。",
        "few_counted": "{where}：证据不足。全部走访共核实 {all} 例，至少要有 {least} 例。",
        "few_unjudged": "{where}：证据不足。名单以外的随机走访至今没有一次得出判断，所以也说不出还要走访"
        "多少次。",
        "nobody": "{where}：每个孩子都在名单上，名单以外没有人，也就谈不上漏掉，所以不给比例。",
        "more_few": "如果今后发现情况的比例和现在差不多，大约还要 {more} 次随机走访。",
        "more": "大约再有 {more} 次随机走访，误差可缩小到上下 10 个百分点。",
        "naive": "只看不是随机抽取的走访，得出的是每 100 个里有 {naive} 个；看所有孩子，是 {recall} 个："
        "高估了 {over} 个百分点。",
        "naive_alone": "只看不是随机抽取的走访，得出的是每 100 个里有 {naive} 个。这只说明有人选去走访的"
        "孩子，不说明所有孩子。",
        "per_event": "每核实一例，名单上要走访 {listed} 个孩子，名单以外要走访 {below} 个。",
        "failed": "这 {visits} 次走访里有 {failed} 次没能判断，按缺失处理，也就是当作与其他走访相似；"
        "如果这些孩子问题更多，名单实际漏掉的还要多。",
        "notice_seen": "有 {n} 条记录来自每个孩子都走访到的地方。",
        "notice_unmeasured": "有 {n} 条记录没有计入：所在县那一期没有随机走访，看不出名单漏掉了多少。",
        "notice_no_chance": "有 {n} 条有结果的记录没有计入：没有记下孩子是怎样选出来的。",
        "notice_drawn_without_chance": "有 {n} 次随机走访没有计入：没有记下抽中的概率。",
        "notice_stands_for_more": "按记下的概率推算，名单以外的孩子是实际人数的 {n} 倍：多半是因为概率按"
        "一周的名单记，而一期里有好几份名单。这里只用这些概率之间的比例。",
        "notice_stands_for_fewer": "按记下的概率推算，名单以外的孩子只有实际人数的 {n} 倍：许多孩子不可能被"
        "抽中。这里把他们当作与能抽中的孩子相似。",
    },
}


def sentences(
    parts: Sequence[Missed], notices: Sequence[Notice], language: Language = "en"
) -> Iterator[str]:
    """All counties first, then what may be wrong with it, then each county of which something is known."""
    say = TEXTS[language]
    yield from _of(parts[0], say)
    yield from _beside(parts[0], say)
    for part in parts[1:]:
        if part.verdict not in (NOT_ENOUGH, NONE_JUDGED):
            yield from _of(part, say)
    for notice in notices:
        shown = (
            f"{notice.number:.1f}"
            if notice.kind.startswith("stands_for")
            else f"{notice.number:,.0f}"
        )
        yield say[f"notice_{notice.kind}"].format(n=shown)


def _of(part: Missed, say: Mapping[str, str]) -> Iterator[str]:
    figures = {
        "where": say[part.part].format(of=part.of),
        "recall": _points(part.recall),
        "low": _points(part.low),
        "high": _points(part.high),
        "below": f"{part.events_below:,.0f}",
        "all": f"{part.events_listed + part.events_below:,.0f}",
        "visits": f"{part.random_visits:,.0f}",
        "more": f"{part.more_visits:,.0f}",
        "least": str(LEAST_EVENTS),
    }
    if part.verdict == COUNTED:
        yield say["counted"].format(**figures)
        yield from _failed(part, part.children, say)
        return
    if part.verdict != ESTIMATED:
        yield say[_without_figure(part)].format(**figures)
    else:
        yield say["recall"].format(**figures)
        yield say["basis"].format(**figures)
        yield from _failed(part, part.random_visits, say)
    if part.more_visits > 0.0:
        yield say["more" if part.verdict == ESTIMATED else "more_few"].format(**figures)


def _without_figure(part: Missed) -> str:
    """Which text says why there is none."""
    if part.verdict == NOBODY:
        return "nobody"
    if part.verdict == NONE_JUDGED:
        return "few_unjudged"
    return "few_counted" if math.isnan(part.more_visits) else "few"


def _beside(part: Missed, say: Mapping[str, str]) -> Iterator[str]:
    if not math.isnan(part.listed_only_recall):
        yield say["naive" if part.overstated >= 0.01 else "naive_alone"].format(
            naive=_points(part.listed_only_recall),
            recall=_points(part.recall),
            over=_points(part.overstated),
        )
    pair = (part.visits_per_event_listed, part.visits_per_event_below)
    if not any(math.isnan(number) for number in pair):
        yield say["per_event"].format(listed=f"{pair[0]:,.0f}", below=f"{pair[1]:,.0f}")


def _failed(part: Missed, visits: float, say: Mapping[str, str]) -> Iterator[str]:
    if visits and part.failed / visits >= FAILED_OFTEN:
        yield say["failed"].format(failed=f"{part.failed:,.0f}", visits=f"{visits:,.0f}")


def _points(value: float) -> str:
    return "–" if math.isnan(value) else f"{100.0 * value:.0f}"
