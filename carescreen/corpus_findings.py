"""The kinds of finding in annotated notes: what each says, why it matters, what to do."""

from __future__ import annotations

from carescreen.indicators import Texts
from carescreen.note_findings import Kind

_COPY_ADVICE: Texts = {
    "en": "Near copies on both sides of a split make a figure look better than it is. Write the "
    "note anew, "
    "or take one out.",
    "zh": "近乎相同的记录分在两边，会使结果好看而不实。请重写，或删去一条。",
}
SAME_NOTE = Kind(
    "same_note",
    "warning",
    {"en": "the same note as {other_place}.", "zh": "与 {other_place} 是同一条记录。"},
    _COPY_ADVICE,
)
NEAR_COPY = Kind(
    "near_copy",
    "warning",
    {
        "en": "shares {share} of the shorter note's wording with {other_place}.",
        "zh": "与 {other_place} 近乎相同：较短一条的 {share} 重合。",
    },
    _COPY_ADVICE,
)
NAME_CHANGED = Kind(
    "name_changed",
    "warning",
    {
        "en": "the same note as {other_place} but for one word.",
        "zh": "与 {other_place} 相比只换了一个词。",
    },
    _COPY_ADVICE,
)
STATUS_CHANGED = Kind(
    "status_changed",
    "warning",
    {
        "en": "nearly the same note as {other_place}, with the same words tagged and another "
        "status.",
        "zh": "与 {other_place} 近乎相同：标注的词语一样，只有状态不同。",
    },
    _COPY_ADVICE,
)
LABELS_DIFFER = Kind(
    "labels_differ",
    "error",
    {
        "en": "the same note as {other_place}, annotated differently.",
        "zh": "与 {other_place} 是同一条记录，标注却不同。",
    },
    {
        "en": "One of the two is wrong, and nothing can read both. Settle it and take one out.",
        "zh": "两者必有一错，没有程序能同时读对。请核定并删去一条。",
    },
)
_SLIP_ADVICE: Texts = {
    "en": "See the annotation guide, and tag both alike unless the rest of the note decides.",
    "zh": "请查标注指南；除非记录的其余部分另有依据，两处应标注一致。",
}
CONCEPT_DIFFERS = Kind(
    "concept_differs",
    "warning",
    {
        "en": "words tagged {here} in a clause that is tagged {there} in {other_place}.",
        "zh": "同一分句中同样的词语，此处标为 {here}，{other_place} 标为 {there}。",
    },
    _SLIP_ADVICE,
)
STATUS_DIFFERS = Kind(
    "status_differs",
    "warning",
    {
        "en": "{concept} is {here} in a sentence in which it is {there} in {other_place}.",
        "zh": "同一句话中的 {concept}，此处标为 {here}，{other_place} 标为 {there}。",
    },
    _SLIP_ADVICE,
)
WORDS_DIFFER = Kind(
    "words_differ",
    "warning",
    {
        "en": "words tagged {here} that are tagged {there} in {other_place}.",
        "zh": "同样的词语，此处标为 {here}，{other_place} 标为 {there}。",
    },
    _SLIP_ADVICE,
)
UNTAGGED = Kind(
    "untagged",
    "warning",
    {
        "en": "words without a tag that are tagged {concept} in {other_place}.",
        "zh": "此处未标注的词语，在 {other_place} 标为 {concept}。",
    },
    {
        "en": "Whoever learns from both learns nothing. Tag them, unless they mean something "
        "else here.",
        "zh": "两处矛盾，学不到东西。除非此处另有含义，请补标。",
    },
)
TWICE_IN_NOTE = Kind(
    "twice_in_note",
    "warning",
    {
        "en": "{concept} is {status} twice.",
        "zh": "{concept} 以同一状态（{status}）标注了两次。",
    },
    {
        "en": "A concept stands once a status in a note. Keep the plainest words.",
        "zh": "一条记录中同一概念同一状态只标一次。请保留最明白的一处。",
    },
)
CUE_IN_TAG = Kind(
    "cue_in_tag",
    "warning",
    {
        "en": "a tag of {concept} ({status}) begins with the words that decide its status.",
        "zh": "{concept}（{status}）的标注把决定状态的词也包了进去。",
    },
    {
        "en": "The tag holds what names the concern. Begin it after the cue.",
        "zh": "标注只含说出问题的词。请从提示词之后开始。",
    },
)
LONG_TAG = Kind(
    "long_tag",
    "warning",
    {
        "en": "a tag of {concept} is {length} long.",
        "zh": "{concept} 的标注长 {length}。",
    },
    {
        "en": "At most 40 characters in Chinese and 20 words in English: the shortest words that "
        "name it.",
        "zh": "中文至多 40 字，英文至多 20 词：只标能说出问题的最短词语。",
    },
)
EDGE = Kind(
    "edge",
    "warning",
    {
        "en": "a tag of {concept} begins or ends with a blank or punctuation.",
        "zh": "{concept} 的标注以空格或标点开头或结尾。",
    },
    {
        "en": "Move it outside the tag: evidence is compared character by character.",
        "zh": "请移到标注之外：证据是逐字比对的。",
    },
)
