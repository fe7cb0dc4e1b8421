"""What a pack's notes can mention and in which words: concepts, phrases, patterns and cues.

    <pack>/concepts.yaml        concepts: id, title, polarity, severity, subject, what a note may do
    <pack>/lexicon.<lang>.yaml  classes, shields, phrases and patterns by concept, cues, stops

A child pack replaces concepts by id; each word list of its lexicon is `{add: [...], remove: [...]}`
or a whole new list. Words are plain text; a pattern is data, never a regular expression:

    ["{by}", 0-8, "{hit}"]      parts and, between them, gaps in characters; "{by}" is a word class,
                                "打|揍" alternatives. A gap never holds a comma or a sentence end.

    shields     longer words that only look like a phrase (打工, dead tired): what lies inside is not found
    lasting     phrases of a lasting state (去世): said of last year, it still is so
    exclusions  words that, in the same clause, mean the concept is not meant
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from carescreen.errors import PackError, did_you_mean
from carescreen.indicators import Indicator
from carescreen.pack import Pack
from carescreen.yamlfile import ID, Key, YamlFile, read_if_there

FORMAT = "carescreen-lexicon/1"
LANGUAGES = ("zh", "en")
STATUSES = ("other", "hypothetical", "negated", "suspected", "past", "affirmed")
# "none" is a cue that only keeps shorter cues inside it from acting (不得不, "not only");
# "question" is hypothetical unless an answer follows; "adult" is a grown-up as the subject; "join"
# says of nothing: a concern right behind it is one more item of a list ("no cough, fever or rash").
CUE_STATUSES = (*STATUSES, "question", "adult", "none", "join")
MAX_GAP = 60
MAX_WORD = 60
BEYOND = "\uffff"  # all characters from here on fold to one, so no word may hold one

CONCEPT_KEYS = {
    "id",
    "title",
    "polarity",
    "severity",
    "subject",
    "sensitive",
    "adult_subject",
    "note_limit",
    "note_limit_when",
    "hold",
    "answered_by",
}
CONCEPT_CHOICES: Mapping[str, tuple[str, ...]] = {
    "polarity": ("risk", "protective"),
    "severity": ("critical", "high", "medium", "low", "none"),
    "subject": ("child", "guardian", "household"),
    "note_limit": ("immediate", "urgent"),
    "hold": ("until_closed", "until_seen", "window"),
    "adult_subject": ("kept", "dropped"),
}
CONCEPT_REQUIRED = frozenset({"id", "title", "polarity", "severity", "subject"})
NOTE_LIMIT_WHEN = ("age_under", "visits")
ANSWERED_BY = ("indicator", "value")
LEXICON_KEYS = {"format", "language", "classes", "shields", "concepts", "cues", "stops"}
LEXICON_REQUIRED = frozenset({"format", "language"})
WORD_LISTS = {"phrases", "lasting", "patterns", "exclusions"}  # of a concept
CUE_CHOICES: Mapping[str, tuple[str, ...]] = {
    "status": CUE_STATUSES,
    "side": ("before", "after"),
    "commas": ("stop", "list", "pass"),
}
CUE_REQUIRED = frozenset({*CUE_CHOICES, "reach"})  # where a parent has not given them
CUE_KEYS = {*CUE_REQUIRED, "words", "patterns", "concepts"}
MAX_REACH = 1_000
_GAP = re.compile(r"([0-9]{1,4})-([0-9]{1,4})\Z")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?\Z")


@dataclass(frozen=True)
class AnsweredBy:
    """The recorded answer that stands against a mention: indicator `indicator` equal to `value`."""

    indicator: str
    value: str


@dataclass(frozen=True)
class Concept:
    """One thing a note can mention.

    `note_limit` is the highest tier a note alone may reach (None: it only informs), under
    `note_limit_when` ({"age_under": 14} or {"visits": 2}); `answered_by` is None where no recorded
    answer may clear a mention (abuse, sexual harm, suicide). `adult_subject` "dropped" says that
    the words mean nothing about the child when a grown-up is their subject (妈妈怀孕).
    """

    id: str
    title: Mapping[str, str]
    polarity: Literal["risk", "protective"]
    severity: Literal["critical", "high", "medium", "low", "none"]
    subject: Literal["child", "guardian", "household"]
    sensitive: bool = False
    adult_subject: Literal["kept", "dropped"] = "kept"
    note_limit: Literal["immediate", "urgent"] | None = None
    note_limit_when: Mapping[str, int] | None = None
    hold: Literal["until_closed", "until_seen", "window"] = "window"
    answered_by: AnsweredBy | None = None


@dataclass(frozen=True)
class Pattern:
    """Parts with gaps between them; a part is a tuple of alternative words."""

    parts: tuple[tuple[str, ...], ...]
    gaps: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ConceptWords:
    """The words of one concept in one language."""

    phrases: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    exclusions: tuple[str, ...] = ()


@dataclass(frozen=True)
class CueSet:
    """Cues that act alike.

    side      "before": the cue stands before what it changes; "after": behind it
    reach     how far it acts, in characters
    commas    "stop" at the first comma; "list": pass it to an item that follows it at once
              (未见打骂，饿饭); "pass" up to the sentence's end
    concepts  the only concepts it acts on; empty: all
    """

    id: str
    status: str
    side: Literal["before", "after"]
    reach: int
    commas: Literal["stop", "list", "pass"]
    words: tuple[str, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    concepts: tuple[str, ...] = ()


@dataclass(frozen=True)
class LanguageWords:
    """The merged lexicon of one language. `stops` by status: words that end a cue's reach."""

    language: str
    shields: tuple[str, ...] = ()
    concepts: Mapping[str, ConceptWords] = field(default_factory=dict)
    cues: tuple[CueSet, ...] = ()
    stops: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Lexicon:
    """A pack's concepts and the words of each language."""

    concepts: Mapping[str, Concept]
    languages: tuple[LanguageWords, ...]


def load_concepts(pack: Pack) -> dict[str, Concept]:
    """Concepts by id, parents' first; a child pack replaces by id. PackError names file and line."""
    merged: dict[str, Concept] = {}
    for folder in pack.chain:
        file = read_if_there(folder / "concepts.yaml")
        if file is not None:
            merged.update(_read_concepts(file))
    return merged


def check_answers(pack: Pack, concepts: Mapping[str, Concept]) -> None:
    """PackError where the answer that clears a mention (`answered_by`) cannot be recorded."""
    for concept in concepts.values():
        if concept.answered_by is None:
            continue
        problem = _answer_problem(concept.answered_by, pack.indicators)
        if problem:
            raise _error_at(pack, concept.id, problem)


def _answer_problem(answer: AnsweredBy, indicators: Mapping[str, Indicator]) -> str | None:
    indicator = indicators.get(answer.indicator)
    if indicator is None:
        hint = did_you_mean(answer.indicator, indicators)
        return f"no indicator '{answer.indicator}'{hint}"
    if indicator.type == "enum" and answer.value not in indicator.values:
        return f"value is '{answer.value}'; allowed: {', '.join(indicator.values)}"
    if indicator.type in ("number", "integer") and not _NUMBER.match(answer.value):
        return f"'{indicator.id}' is a number, and value is '{answer.value}'"
    if indicator.type not in ("enum", "number", "integer"):
        return f"'{indicator.id}' is a {indicator.type}; an answer is one word or a number"
    return None


def _error_at(pack: Pack, concept: str, problem: str) -> PackError:
    """The problem, at the `answered_by` of the concept in the file that declares it last."""
    for folder in reversed(pack.chain):
        file = read_if_there(folder / "concepts.yaml")
        for index, entry in enumerate(file.data["concepts"] or [] if file else []):
            if file is not None and entry["id"] == concept:
                return file.error(f"answered_by: {problem}", "concepts", index, "answered_by")
    return PackError(f"concept '{concept}': answered_by: {problem}")


def load_lexicon(pack: Pack) -> Lexicon:
    """Concepts and words of a pack, merged over its chain."""
    concepts = load_concepts(pack)
    merged = _merge_chain(pack, concepts)
    return Lexicon(concepts, tuple(lists.finish(language) for language, lists in merged.items()))


def load_entries(pack: Pack) -> dict[str, Entries]:
    """The word lists of a pack's lexicons by language, for whoever has to say where a word stands."""
    merged = _merge_chain(pack, load_concepts(pack))
    return {
        language: Entries({key: tuple(items) for key, items in lists.lists.items()}, lists.places)
        for language, lists in merged.items()
    }


def concept_places(pack: Pack) -> dict[str, str]:
    """file:line of each concept; of one that a child pack declares anew, the child's."""
    places: dict[str, str] = {}
    for folder in pack.chain:
        file = read_if_there(folder / "concepts.yaml")
        for index, entry in enumerate(file.list_at("concepts") if file else []):
            assert file is not None
            places[entry["id"]] = place_of(file, ("concepts", index))
    return places


def place_of(file: YamlFile, key: Key) -> str:
    """file:line of a key path: of the word before the colon, or of an entry of a list."""
    line, _ = file.keys.get(key) or file.positions[key]
    return f"{file.path}:{line}"


def _read_concepts(file: YamlFile) -> dict[str, Concept]:
    file.require_keys((), {"concepts"}, frozenset({"concepts"}))
    found: dict[str, Concept] = {}
    for index, entry in enumerate(_list(file, ("concepts",))):
        concept = _read_concept(file, ("concepts", index), entry)
        if concept.id in found:
            raise file.error(f"concept '{concept.id}' is declared twice", "concepts", index)
        found[concept.id] = concept
    return found


def _read_concept(file: YamlFile, key: Key, entry: Mapping[str, Any]) -> Concept:
    file.require_keys(key, CONCEPT_KEYS, CONCEPT_REQUIRED)
    for name, allowed in CONCEPT_CHOICES.items():
        if name in entry and entry[name] not in allowed:
            raise file.error(
                f"{name} is '{entry[name]}'; allowed: {', '.join(allowed)}", *key, name
            )
    if not isinstance(entry["id"], str) or not ID.match(entry["id"]):
        raise file.error("id wants a word of small letters, digits and _", *key, "id")
    file.texts_at(*key, "title")
    if not isinstance(entry.get("sensitive", False), bool):
        raise file.error("sensitive is true or false", *key, "sensitive")
    values = dict(entry)
    values["note_limit_when"] = _note_limit_when(file, key, entry)
    values["answered_by"] = _answered_by(file, key, entry)
    return Concept(**values)


def _note_limit_when(file: YamlFile, key: Key, entry: Mapping[str, Any]) -> dict[str, int] | None:
    when = entry.get("note_limit_when")
    if when is None:
        return None
    where = (*key, "note_limit_when")
    file.require_keys(where, set(NOTE_LIMIT_WHEN))
    if "note_limit" not in entry:
        raise file.error("note_limit_when needs a note_limit", *where)
    for name, value in when.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise file.error(f"{name} wants a whole number above 0", *where, name)
    return dict(when)


def _answered_by(file: YamlFile, key: Key, entry: Mapping[str, Any]) -> AnsweredBy | None:
    if entry.get("answered_by") is None:
        return None
    file.require_keys((*key, "answered_by"), set(ANSWERED_BY), frozenset(ANSWERED_BY))
    for name, value in entry["answered_by"].items():
        if not isinstance(value, str):
            raise file.error(f"{name} wants a word; quote a number", *key, "answered_by", name)
    return AnsweredBy(entry["answered_by"]["indicator"], entry["answered_by"]["value"])


def _merge_chain(pack: Pack, concepts: Mapping[str, Concept]) -> dict[str, _Merged]:
    """The word lists of each language for which a pack of the chain has a file."""
    merged: dict[str, _Merged] = {}
    for language in LANGUAGES:
        for folder in pack.chain:
            file = read_if_there(folder / f"lexicon.{language}.yaml")
            if file is not None:
                _merge_file(merged.setdefault(language, _Merged()), file, language, concepts)
    return merged


@dataclass(frozen=True)
class Entry:
    """An entry of a list and where it stands, for what shows only when all is merged."""

    value: Any
    file: YamlFile = field(repr=False)
    key: Key

    @property
    def place(self) -> str:
        """file:line."""
        return place_of(self.file, self.key)


@dataclass(frozen=True)
class Entries:
    """The word lists of one language as merged, each entry with its place.

    `lists` by key, such as ("concepts", "neglect", "phrases"), ("classes", "by") or ("shields",), in
    the order of `LanguageWords` and with what stands there twice; `places`: file:line of each list.
    """

    lists: Mapping[Key, tuple[Entry, ...]]
    places: Mapping[Key, str]


class _Merged:
    """Word lists while the files of a chain are laid over each other."""

    def __init__(self) -> None:
        self.lists: dict[Key, list[Entry]] = {}
        self.places: dict[Key, str] = {}
        self.cues: dict[str, dict[str, Any]] = {}

    def lay(self, file: YamlFile, key: Key) -> None:
        """Lay the list at `key` over what the parents gave."""
        self.places[key] = place_of(file, key)
        if not isinstance(file.at(key), dict):
            self.lists[key] = _items(file, key)
            return
        file.require_keys(key, {"add", "remove"})
        kept = list(self.lists.get(key, []))
        for item in _items(file, (*key, "remove")):
            values = [other.value for other in kept]
            if item.value not in values:
                raise file.error(f"'{item.value}' is not in the parent's list", *item.key)
            del kept[values.index(item.value)]
        self.lists[key] = kept + _items(file, (*key, "add"))

    def words(self, *key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.value for item in self.lists.get(key, [])))

    def patterns(self, *key: str) -> tuple[Pattern, ...]:
        return tuple(
            self._pattern(item.file, item.key, item.value) for item in self.lists.get(key, [])
        )

    def _pattern(self, file: YamlFile, key: Key, entry: Any) -> Pattern:
        if not isinstance(entry, list) or len(entry) < 3 or len(entry) % 2 == 0:
            raise file.error("a pattern is a list: part, gap, part …", *key)
        gaps = tuple(self._gap(file, (*key, at), entry[at]) for at in range(1, len(entry), 2))
        parts = tuple(self._part(file, (*key, at), entry[at]) for at in range(0, len(entry), 2))
        return Pattern(parts, gaps)

    def _gap(self, file: YamlFile, key: Key, entry: Any) -> tuple[int, int]:
        match = _GAP.match(str(entry))
        if match is None or not int(match[1]) <= int(match[2]) <= MAX_GAP:
            raise file.error(f"a gap is written 0-8, at most {MAX_GAP}; found '{entry}'", *key)
        return int(match[1]), int(match[2])

    def _part(self, file: YamlFile, key: Key, entry: Any) -> tuple[str, ...]:
        if not isinstance(entry, str):
            raise file.error("a part is a text, 打|揍 or {class}; quote a number", *key)
        words: list[str] = []
        for word in entry.split("|"):
            if not (word.startswith("{") and word.endswith("}")):
                words.append(_word(file, key, word))
            elif ("classes", word[1:-1]) in self.lists:
                words.extend(self.words("classes", word[1:-1]))
            else:
                known = [str(name[1]) for name in self.lists if name[0] == "classes"]
                raise file.error(f"no word class {word}{did_you_mean(word[1:-1], known)}", *key)
        return tuple(dict.fromkeys(words))

    def finish(self, language: str) -> LanguageWords:
        ids = dict.fromkeys(str(key[1]) for key in self.lists if key[0] == "concepts")
        concepts = {
            name: ConceptWords(
                phrases=self.words("concepts", name, "phrases"),
                lasting=self.words("concepts", name, "lasting"),
                patterns=self.patterns("concepts", name, "patterns"),
                exclusions=self.words("concepts", name, "exclusions"),
            )
            for name in ids
        }
        cues = tuple(
            CueSet(
                id=name,
                words=self.words("cues", name, "words"),
                patterns=self.patterns("cues", name, "patterns"),
                **settings,
            )
            for name, settings in self.cues.items()
        )
        stops = {str(key[1]): self.words(*map(str, key)) for key in self.lists if key[0] == "stops"}
        return LanguageWords(language, self.words("shields"), concepts, cues, stops)


def _merge_file(
    merged: _Merged, file: YamlFile, language: str, concepts: Mapping[str, Concept]
) -> None:
    file.require_keys((), LEXICON_KEYS, LEXICON_REQUIRED)
    if file.data["format"] != FORMAT:
        raise file.error(
            f"format is '{file.data['format']}'; this version reads '{FORMAT}'", "format"
        )
    if file.data["language"] != language:
        raise file.error(
            f"language is '{file.data['language']}'; the file is for '{language}'", "language"
        )
    for name in _section(file, "classes"):
        merged.lay(file, ("classes", name))
    if file.data.get("shields") is not None:
        merged.lay(file, ("shields",))
    for name in _section(file, "concepts"):
        if name not in concepts:
            hint = did_you_mean(name, concepts)
            raise file.key_error(
                f"concept '{name}' is not in concepts.yaml{hint}", "concepts", name
            )
        file.require_keys(("concepts", name), WORD_LISTS)
        for kind in file.data["concepts"][name]:
            merged.lay(file, ("concepts", name, kind))
    for name in _section(file, "cues"):
        _merge_cues(merged, file, name, concepts)
    for name in _section(file, "stops"):
        if name != "all" and name not in CUE_STATUSES:
            raise file.key_error(f"stops are by status or 'all'; found '{name}'", "stops", name)
        merged.lay(file, ("stops", name))


def _merge_cues(
    merged: _Merged, file: YamlFile, name: str, concepts: Mapping[str, Concept]
) -> None:
    key: Key = ("cues", name)
    known = name in merged.cues
    file.require_keys(key, CUE_KEYS, frozenset() if known else CUE_REQUIRED)
    entry = dict(file.at(key))
    for kind in ("words", "patterns"):
        if kind in entry:
            merged.lay(file, (*key, kind))
            del entry[kind]
    for field_name, choices in CUE_CHOICES.items():
        if field_name in entry and entry[field_name] not in choices:
            raise file.error(
                f"{field_name} is '{entry[field_name]}'; allowed: {', '.join(choices)}",
                *key,
                field_name,
            )
    reach = entry.get("reach", 1)
    if type(reach) is not int or not 1 <= reach <= MAX_REACH:
        raise file.error(f"reach wants a number of characters from 1 to {MAX_REACH}", *key, "reach")
    if "concepts" in entry:
        entry["concepts"] = _acted_on(file, key, concepts)
    merged.cues[name] = {**merged.cues.get(name, {}), **entry}


def _acted_on(file: YamlFile, key: Key, concepts: Mapping[str, Concept]) -> tuple[str, ...]:
    items = _items(file, (*key, "concepts"))
    for item in items:
        if item.value not in concepts:
            hint = did_you_mean(item.value, concepts)
            raise file.error(f"no concept '{item.value}'{hint}", *item.key)
    return tuple(item.value for item in items)


def _items(file: YamlFile, key: Key) -> list[Entry]:
    """The list at `key`, none where there is none: patterns as they stand, words checked."""
    is_pattern = key[2:3] == ("patterns",)
    return [
        Entry(item if is_pattern else _word(file, (*key, index), item), file, (*key, index))
        for index, item in enumerate(_list(file, key))
    ]


def _word(file: YamlFile, key: Key, word: Any) -> str:
    if not isinstance(word, str) or not word.strip() or len(word) > MAX_WORD:
        raise file.error(
            f"wanted a word or phrase of 1 to {MAX_WORD} characters; quote it if it looks like "
            "a number",
            *key,
        )
    if max(word) >= BEYOND:
        raise file.error(
            f"'{word}' has a character beyond U+FFFE; notes are not searched for those", *key
        )
    return word


def _list(file: YamlFile, key: Key) -> list[Any]:
    node = file.at(key[:-1]).get(key[-1])
    if node is None:
        return []
    if not isinstance(node, list):
        raise file.error("wanted a list", *key)
    return list(node)


def _section(file: YamlFile, name: str) -> dict[str, Any]:
    node = file.data.get(name)
    if node is None:
        return {}
    if not isinstance(node, dict):
        raise file.error(f"{name} wants names, each with what belongs to it", name)
    return node
