"""The kinds of finding in a lexicon: what each says, why it matters and what to do about it."""

from __future__ import annotations

from carescreen.indicators import Texts
from carescreen.note_findings import Kind

FEWEST_NOTES = 10  # affirmed notes of a concept in a corpus, by language

EXCLUDED = Kind(
    "excluded_phrase",
    "error",
    {
        "en": "'{word}' of {concept} is never found: it holds the exclusion '{other}' "
        "({other_place}).",
        "zh": "{concept} 的短语“{word}”永远找不到：其中含有排除词“{other}”（{other_place}）。",
    },
    {
        "en": "An exclusion rules out the concept in its whole clause. Take the phrase out, or "
        "write "
        "the exclusion longer.",
        "zh": "排除词使整个分句不算该概念。请删去短语，或把排除词写得更具体。",
    },
)
HIDDEN = Kind(
    "hidden_phrase",
    "error",
    {
        "en": "'{word}' of {concept} is never found, even where it stands alone.",
        "zh": "{concept} 的短语“{word}”单独成句也找不到。",
    },
    {
        "en": "Whoever wrote it believes that it is read. Mend it or take it out.",
        "zh": "写下它的人以为会读到。请改正或删去。",
    },
)
OPPOSED = Kind(
    "opposed_concepts",
    "error",
    {
        "en": "'{word}' is a phrase of {concept} and of {other} ({other_place}): a risk and a "
        "protection.",
        "zh": "“{word}”既是 {concept} 又是 {other}（{other_place}）的短语：一为风险，一为保护。",
    },
    {
        "en": "One sentence would both raise and reassure. Keep it where it belongs.",
        "zh": "同一句话既报警又报平安。请只留在应属的概念下。",
    },
)
TWO_CONCEPTS = Kind(
    "two_concepts",
    "warning",
    {
        "en": "'{word}' is a phrase of {concept} and of {other} ({other_place}).",
        "zh": "“{word}”既是 {concept} 又是 {other}（{other_place}）的短语。",
    },
    {
        "en": "The most specific concept should win. Keep the phrase there, unless both are meant.",
        "zh": "应归入最具体的概念。除非两者都成立，请只留一处。",
    },
)
TWICE = Kind(
    "duplicate",
    "warning",
    {
        "en": "'{word}' stands in {list} already ({other_place}).",
        "zh": "“{word}”在 {list} 中已有（{other_place}）。",
    },
    {
        "en": "Width, case and traditional characters make no difference. It does nothing, and "
        "whoever "
        "takes one out will think it gone. Take one out.",
        "zh": "全半角、大小写、繁简不作区分。重复无用，删一处时会误以为已删净。请删去一处。",
    },
)
NEVER_MATCHES = Kind(
    "pattern_never",
    "error",
    {
        "en": "the pattern {word} of {concept} never matches, in any of {tried} choices of its "
        "words.",
        "zh": "{concept} 的句式 {word} 试了 {tried} 种词语组合都匹配不到。",
    },
    {
        "en": "A shield or an exclusion hides its words, a part holds a comma, or Latin words "
        "have no "
        "room between them. Mend it or take it out.",
        "zh": "可能被遮蔽词或排除词挡住、部件中含有逗号，或西文词之间没有空位。请改正或删去。",
    },
)
PART_NEVER = Kind(
    "part_never",
    "warning",
    {
        "en": "in the pattern {word} of {concept}, '{other}' never matches, in any of {tried} "
        "choices of "
        "the other words.",
        "zh": "{concept} 的句式 {word} 中，“{other}”试了 {tried} 种组合都匹配不到。",
    },
    {
        "en": "Take the word out of this part, or see which shield or exclusion hides it.",
        "zh": "请从该部件删去此词，或查看哪个遮蔽词或排除词挡住了它。",
    },
)
CONTAINED = Kind(
    "exclusion_contained",
    "warning",
    {
        "en": "the exclusion '{word}' of {concept} adds nothing: it holds the exclusion '{other}' "
        "({other_place}).",
        "zh": "{concept} 的排除词“{word}”不起作用：其中已含排除词“{other}”（{other_place}）。",
    },
    {
        "en": "Wherever the longer one stands, the shorter has ruled the concept out. Take out the "
        "longer, or the shorter where it rules out too much.",
        "zh": "凡有长词处，短词已经排除。请删去长词；若短词排除过宽，则删去短词。",
    },
)
NOTHING_TO_EXCLUDE = Kind(
    "exclusion_without_words",
    "warning",
    {
        "en": "the exclusion '{word}' of {concept} has nothing to rule out: the concept has no "
        "phrase and "
        "no pattern in this language.",
        "zh": "{concept} 的排除词“{word}”无可排除：该概念在此语言中没有短语和句式。",
    },
    {"en": "Give the concept words, or take it out.", "zh": "请为该概念补充词语，或删去排除词。"},
)
UNSEEN_EXCLUSION = Kind(
    "exclusion_unseen",
    "note",
    {
        "en": "the exclusion '{word}' of {concept} rules out nothing in the annotated notes.",
        "zh": "{concept} 的排除词“{word}”在标注语料中没有排除过任何内容。",
    },
    {
        "en": "In no note does it stand in a clause with words of the concept. Ask what it is for.",
        "zh": "没有一条记录的分句里它与该概念的词语同现。请想一想它的用处。",
    },
)
_HOLDS_CUE: Texts = {
    "en": "'{word}' of {concept} holds {other}.",
    "zh": "{concept} 的短语“{word}”含有 {other}。",
}
NEGATOR_IN_PHRASE = Kind(
    "negator_in_phrase",
    "note",
    _HOLDS_CUE,
    {
        "en": "Inside a phrase a negator does not act: right where it is part of the concern "
        "(没人管, nobody "
        "feeds her). Otherwise write the phrase without it.",
        "zh": "短语中的否定词不起作用：否定词本身属于问题时（没人管）正该如此，否则请把它移出短语。",
    },
)
GROWN_UP_IN_PHRASE = Kind(
    "grown_up_in_phrase",
    "note",
    _HOLDS_CUE,
    {
        "en": "Inside a phrase a grown-up does not make it a grown-up's affair. Right where the "
        "grown-up is "
        "who does it, or whom it is about.",
        "zh": "短语中的大人不会使其变成大人自己的事：大人是施行者或当事人时正该如此。",
    },
)
CUE_IN_PHRASE = Kind(
    "cue_in_phrase",
    "note",
    _HOLDS_CUE,
    {
        "en": "Inside a phrase a cue does not act, and this one could change what is said of the "
        "concern. "
        "Write the phrase without it, unless the word means something else here.",
        "zh": "短语中的提示词不起作用，而它本可改变该问题的状态。除非此处另有含义，请把它移出短语。",
    },
)
NO_WORDS = Kind(
    "no_words",
    "warning",
    {
        "en": "{concept} has no phrase and no pattern in {language}.",
        "zh": "{concept} 在 {language} 中没有短语和句式。",
    },
    {
        "en": "Notes in this language never mention it, and rules that read it stay silent. Give "
        "it words.",
        "zh": "该语言的记录永远读不出它，依赖它的规则也不会触发。请补充词语。",
    },
)
UNUSED_CLASS = Kind(
    "class_unused",
    "warning",
    {
        "en": "the word class '{word}' stands in no pattern.",
        "zh": "词类“{word}”没有用在任何句式里。",
    },
    {
        "en": "Its words do nothing. Use it or take it out.",
        "zh": "其中的词语不起作用。请使用或删去。",
    },
)
FEW_NOTES = Kind(
    "few_examples",
    "warning",
    {
        "en": "{concept} is affirmed in {count} annotated notes in {language}; "
        f"at least {FEWEST_NOTES} are wanted.",
        "zh": f"标注语料中 {{language}} 确认 {{concept}} 的记录有 {{count}} 条，至少应有 {FEWEST_NOTES} 条。",
    },
    {
        "en": "Nothing can be said of how well it is read. Annotate more notes that mention it.",
        "zh": "读得好不好无从判断。请补充提到它的标注记录。",
    },
)
