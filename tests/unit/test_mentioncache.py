"""The cache of mentions: what it gives is what the reader gives, whatever file it finds."""

from __future__ import annotations

import ast
import errno
import os
import pickle
import stat
import threading
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import carescreen.mentioncache as mentioncache
from carescreen.errors import OutputError, UsageError
from carescreen.learned import LearnedTable
from carescreen.mentioncache import READING, MentionCache, cache_at, fingerprint_of, keys_of
from carescreen.notes import FoundMentions, NoteReader

READER = NoteReader.load("cn-rural")
OTHER = NoteReader.load("base")
PIECES = (
    *(
        "奶奶说上周他被他爸用皮带抽了",
        "没有发现打骂、饿饭",
        "可能有段时间没人管",
        "，",
        "。",
        "\n",
        "",
    ),
    *(
        "hit with a belt last night",
        "no sign of neglect",
        ". ",
        "😀",
        "\ud83d\ude00",
        "\x00",
        "\ud800",
    ),
)
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(max_size=20),
    st.just("一切正常。" * 6_600 + "他被他爸用皮带抽了"),  # beyond 16 bits
)
notes = st.lists(
    st.one_of(texts, st.none(), st.just(float("nan")), st.integers(0, 99)), max_size=12
)
FINGERPRINT_OF = lru_cache(fingerprint_of)
NOTES = ["他被他爸用皮带抽了", "", None, "没有发现打骂", "他被他爸用皮带抽了", "no sign of neglect"]


@pytest.fixture(autouse=True)
def each_reader_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mentioncache, "fingerprint_of", FINGERPRINT_OF)


def same(one: FoundMentions, other: FoundMentions) -> bool:
    """The same values of the same types, bit for bit."""
    return one.concepts == other.concepts and all(
        getattr(one, field.name).dtype == getattr(other, field.name).dtype
        and getattr(one, field.name).tobytes() == getattr(other, field.name).tobytes()
        for field in fields(FoundMentions)[1:]
    )


def run(path: Path, *blocks: Sequence[object], reader: NoteReader = READER) -> MentionCache:
    """One run over some blocks of notes; each must find what the reader finds."""
    cache = MentionCache.open(path, reader)
    for block in blocks:
        assert same(cache.find(reader, block), reader.find(block))
    cache.write([cache.taken()])
    return cache


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=notes, second=notes, mixed=st.randoms(use_true_random=False))
def test_what_it_gives_is_what_the_reader_gives(
    tmp_path: Path, first: list[object], second: list[object], mixed: object
) -> None:
    path = tmp_path / "mentions"
    path.unlink(missing_ok=True)
    assert not run(path, first, second).notices  # an empty one
    again = [*second, *first]
    mixed.shuffle(again)  # type: ignore[attr-defined]
    full = run(path, again)
    assert not full.notices
    assert len(full) == len(set(map(_text, again)))
    run(path, second)  # full, of more than is asked
    run(path, first)  # of other notes, perhaps
    run(path, first, reader=OTHER)  # of another reader
    run(path, first)


def _text(note: object) -> str:
    return "" if note is None or note != note else str(note)


def test_two_texts_that_utf_16_writes_alike_have_two_hashes() -> None:
    keys = keys_of(["\ud83d\ude00", "😀", "\ud83d", ""], bytes(16))
    assert len(np.unique(keys, axis=0)) == 4


def test_a_second_run_reads_nothing_and_a_third_only_what_is_new(tmp_path: Path) -> None:
    asked: list[list[object]] = []

    class Counting(NoteReader):
        def find(self, notes: Sequence[object]) -> FoundMentions:  # type: ignore[override]
            asked.append(list(notes))
            return super().find(notes)

    reader = Counting(READER.lexicon, READER.digest, READER.learned)
    for block in (NOTES, NOTES, [*NOTES, "new"]):
        cache = MentionCache.open(tmp_path / "mentions", reader)
        cache.find(reader, block)
        cache.write([cache.taken()])
    assert asked == [list(dict.fromkeys(map(_text, NOTES))), [], ["new"]]


def test_notes_that_no_run_saw_again_leave_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mentions"
    run(path, NOTES)
    size = path.stat().st_size
    run(path, NOTES[:1])
    assert len(MentionCache.open(path, READER)) == 1
    assert path.stat().st_size < size


def test_a_run_that_finds_nothing_new_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mentions"
    run(path, NOTES)
    before = path.read_bytes(), path.stat().st_ino
    run(path, NOTES[::-1])
    assert (path.read_bytes(), path.stat().st_ino) == before


def test_no_words_of_notes_are_in_the_file_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "mentions"
    run(path, ["secretword and 皮带抽了"])
    content = path.read_bytes()
    for words in ("secretword", "皮带"):
        for encoding in ("utf-8", "utf-16-le", "utf-32-le"):
            assert words.encode(encoding) not in content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def _flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut in its head": lambda content: content[:50],
    "cut in its name": lambda content: content[:7],
    "cut at its end": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "a later version": lambda content: content.replace(b"mentions/1", b"mentions/2", 1),
    "counts that no computer holds": lambda content: content[:72] + b"\xff" * 24 + content[96:],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_told_and_made_anew(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "mentions"
    run(path, NOTES)
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    told = run(path, NOTES)
    assert len(told) == 0
    assert "made anew" in told.notices[0]
    assert len(run(path, NOTES)) == len(set(map(_text, NOTES)))


def test_any_bit_that_changed_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "mentions"
    run(path, NOTES)
    content = path.read_bytes()
    of_reader, concepts = fingerprint_of(READER), len(READER.concepts)
    assert not mentioncache._what_is_wrong(content, of_reader, concepts)
    for at in range(len(mentioncache.FAMILY), len(content)):
        assert mentioncache._what_is_wrong(_flipped(content, at), of_reader, concepts), at


def test_an_empty_file_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "mentions"
    path.write_bytes(b"")
    assert not run(path, NOTES).notices
    assert len(MentionCache.open(path, READER)) == len(set(map(_text, NOTES)))


def test_a_file_of_something_else_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_text("visit_id,child_id\n", encoding="utf-8")
    told = run(path, NOTES)
    assert "left as it is" in told.notices[0]
    assert path.read_text(encoding="utf-8") == "visit_id,child_id\n"
    with pytest.raises(OutputError, match="no ordinary file"):
        MentionCache.open(tmp_path, READER)


def test_a_file_that_cannot_be_written_is_a_notice(tmp_path: Path) -> None:
    cache = MentionCache.open(tmp_path / "gone" / "mentions", READER)
    cache.find(READER, NOTES)
    (tmp_path / "gone").write_text("", encoding="utf-8")
    cache.write([cache.taken()])
    assert "all notes are read" in cache.notices[0]


def test_a_full_disk_is_a_notice_and_the_old_file_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mentions"
    run(path, NOTES)
    before = path.read_bytes()

    def full(aside: Path, *_: object) -> None:
        aside.write_bytes(before[:99])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(mentioncache, "_write", full)
    told = run(path, ["new"])
    monkeypatch.undo()
    assert "No space left" in told.notices[0]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_whoever_gives_a_path_is_warned(tmp_path: Path) -> None:
    path = tmp_path / "mentions"
    path.write_bytes(mentioncache.MAGIC)
    with pytest.warns(UserWarning, match="damaged"):
        cache_at(path, READER)
    with pytest.raises(UsageError, match="own reader"):
        cache_at(MentionCache.open(path, OTHER), READER)


def test_a_worker_process_looks_into_the_same_file_and_gives_back_what_it_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mentions"
    run(path, NOTES)
    cache = MentionCache.open(path, READER)
    sent = pickle.dumps(cache)
    assert len(sent) < 1_000
    here, there = pickle.loads(sent), pickle.loads(sent)
    assert same(here.find(READER, NOTES[:3]), READER.find(NOTES[:3]))
    assert same(there.find(READER, ["new", *NOTES[3:]]), READER.find(["new", *NOTES[3:]]))
    seen = [here.taken(), there.taken()]
    assert [len(part.added) for part in seen] == [0, 1]
    cache.write(seen)
    assert len(MentionCache.open(path, READER)) == len(set(map(_text, NOTES))) + 1


def test_a_worker_process_that_finds_another_file_reads_all_notes(tmp_path: Path) -> None:
    path = tmp_path / "mentions"
    run(path, NOTES)
    sent = pickle.dumps(MentionCache.open(path, READER))
    run(path, ["other notes"])
    mentioncache._stored_in.cache_clear()
    there = pickle.loads(sent)
    assert same(there.find(READER, NOTES), READER.find(NOTES))
    assert len(there.taken().added) == len(set(map(_text, NOTES)))


def test_two_runs_at_once_do_not_break_each_other(tmp_path: Path) -> None:
    path = tmp_path / "mentions"
    runs = [
        threading.Thread(target=lambda: [run(path, NOTES, ["new"]) for _ in range(5)])
        for _ in range(3)
    ]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    last = MentionCache.open(path, READER)
    assert not last.notices
    assert len(last) == len(set(map(_text, NOTES))) + 1
    assert list(tmp_path.iterdir()) == [path]


def test_notes_whose_hashes_share_a_half_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = mentioncache.keys_of

    def few(texts: Sequence[str], salt: bytes) -> mentioncache.Keys:
        keys = plain(texts, salt)
        keys[:, 0] %= np.uint64(2)
        return keys

    monkeypatch.setattr(mentioncache, "keys_of", few)
    run(tmp_path / "mentions", NOTES)
    assert len(run(tmp_path / "mentions", NOTES, [f"{n}：他爸打他" for n in range(20)])) <= 2


# -- the reader's fingerprint ----------------------------------------------------------------------


def test_another_lexicon_or_table_is_another_reader() -> None:
    known = {fingerprint_of(READER)}
    lexicon, learned = READER.lexicon, READER.learned
    assert learned is not None
    table = learned.languages[0]
    weight = table.weight.copy()
    weight[-1] += 1
    others = [
        NoteReader(lexicon),
        NoteReader(replace(lexicon, languages=lexicon.languages[:1]), READER.digest, learned),
        *(
            NoteReader(lexicon, READER.digest, LearnedTable("x", learned.concepts, [one]))
            for one in (table, replace(table, weight=weight), replace(table, slack=table.slack + 1))
        ),
    ]
    known |= {fingerprint_of(reader) for reader in others}
    assert len(known) == 1 + len(others)
    assert fingerprint_of(NoteReader.load("cn-rural")) == fingerprint_of(READER)


def test_the_fingerprint_covers_every_module_that_reading_imports() -> None:
    package = Path(mentioncache.__file__).parent
    found, pending = set(), ["notes"]
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found.add(name)
        for node in ast.walk(ast.parse((package / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("carescreen."):
                pending.append(str(node.module).split(".")[1])
    assert sorted(found) == sorted(READING)
