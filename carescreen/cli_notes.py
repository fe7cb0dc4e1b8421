"""Commands for visit notes: read, show, check, train, suggest."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import click

from carescreen.cli_options import FOLDER, LANGUAGE, PACK
from carescreen.errors import CarescreenError, CaseloadError, UsageError
from carescreen.lexicon import LANGUAGES

MOST_CARRIERS = 6
_COLOURS = {
    "affirmed": "magenta",
    "suspected": "yellow",
    "negated": "cyan",
    "past": "blue",
    "other": "bright_black",
    "hypothetical": "bright_black",
}


@click.group()
def notes() -> None:
    """Read visit notes into mentions, and check the words that read them."""


@notes.command("read")
@click.argument("file", type=FOLDER)
@click.option("--text-column", required=True)
@click.option("--id-column", required=True)
@PACK
@click.option("--out", type=FOLDER, required=True, help="CSV to write")
def notes_read(file: Path, text_column: str, id_column: str, pack: str, out: Path) -> None:
    """Read the notes of FILE (CSV, JSONL, XLSX or Parquet) and write what they mention.

    Example: carescreen notes read visits.csv --text-column note --id-column visit_id --out m.csv
    """
    from carescreen.notes import NoteReader, read_file
    from carescreen.results import write_csv_aside

    try:
        mentions = read_file(file, text_column, id_column, NoteReader.load(pack))
    except CaseloadError:
        _require_chosen(file, (text_column, id_column))
        raise
    write_csv_aside(mentions, out, [file])
    click.echo(f"{len(mentions):,} mentions written to {out}; it holds words of the notes.")


def _require_chosen(file: Path, columns: tuple[str, ...]) -> None:
    """Correct the word that was typed, not the file, where the file has no such column."""
    from carescreen.tables import no_such_column, read_table

    table = read_table(file)
    missing = [name for name in columns if name not in table.frame]
    if missing:
        raise CaseloadError(no_such_column(table, missing[0]))


@notes.command("show")
@click.argument("text")
@PACK
@LANGUAGE
def notes_show(text: str, pack: str, language: str) -> None:
    """Print one note with its mentions marked.

    Example: carescreen notes show "奶奶说没有人打他，邻居家孩子溺水"
    """
    from carescreen.notes import NoteReader, mark

    reader = NoteReader.load(pack)
    found = reader.read([text])
    click.echo("".join(_marked(piece, mention) for piece, mention in mark(text, found)))
    for row in found.to_dict("records"):
        title = click.style(reader.concepts[row["concept"]].title[language], bold=True)
        words = text[row["start"] : row["end"]]
        because = f"  <- {text[row['cue_start'] : row['cue_end']]}" if row["cue_start"] >= 0 else ""
        status = click.style(row["status"], fg=_COLOURS[row["status"]])
        click.echo(f"  {title} ({row['concept']}): {status}  [{words}] {row['found_by']}{because}")
        if row["found_by"] == "learned":
            carried = reader.carriers(text, row["concept"], row["start"])[:MOST_CARRIERS]
            shown = ", ".join(f"{word} {weight:+.1f}" for word, weight in carried)
            click.echo(f"      carried by {shown}; please confirm")
    if not len(found):
        click.echo("  no mention found")


def _marked(piece: str, mention: Any) -> str:
    if mention is None:
        return piece
    return click.style(f"[{piece}]", bold=True, fg=_COLOURS[mention["status"]])


@notes.command("check")
@click.argument("pack")
@click.option(
    "--corpus",
    "corpora",
    type=FOLDER,
    multiple=True,
    help="annotated notes, a folder or file; may be given again",
)
@click.option("--strict", is_flag=True, help="warnings fail as well")
@click.option(
    "--all", "everything", is_flag=True, help="list every note, not the first ten of a kind"
)
@LANGUAGE
def notes_check(
    pack: str, corpora: tuple[Path, ...], strict: bool, everything: bool, language: str
) -> None:
    """Check the words of a pack: what is never found, what contradicts, what does nothing.

    With --corpus also the annotated notes themselves: copies, labels that differ, words that a tag
    lost or kept; none of their words are printed. Errors must be mended: exit code 1.

    Example: carescreen notes check cn-rural --language en
    """
    from carescreen.authoring.notes_layout import (
        MOST_NOTES,
        corpus_lines,
        finding_lines,
        sum_line,
        words_line,
    )
    from carescreen.corpus import read_corpus
    from carescreen.corpus_check import check_corpus, count_corpus
    from carescreen.lexicon import load_lexicon
    from carescreen.lexicon_check import check_lexicon
    from carescreen.pack import Pack

    loaded = Pack.load(pack)
    lexicon = load_lexicon(loaded)
    corpus = read_corpus(corpora, lexicon.concepts) if corpora else None
    findings = check_lexicon(loaded, corpus)
    click.echo(f"{loaded.id} {loaded.version}")
    for words in lexicon.languages:
        click.echo(words_line(words, language))
    if corpus is not None:
        findings += check_corpus(corpus)
        for line in corpus_lines(count_corpus(corpus), language):
            click.echo(line)
    width = shutil.get_terminal_size((100, 24)).columns
    for line in finding_lines(findings, language, width, None if everything else MOST_NOTES):
        click.echo(line)
    click.echo(sum_line(findings, language))
    severities = {finding.kind.severity for finding in findings}
    if "error" in severities or (strict and "warning" in severities):
        sys.exit(CarescreenError.exit_code)


@notes.command("train")
@click.argument("corpora", type=FOLDER, nargs=-1)
@PACK
@click.option("--out", type=FOLDER, required=True, help="folder of the reader to write")
@click.option("--without-shipped", is_flag=True, help="only from the notes given here")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def notes_train(
    corpora: tuple[Path, ...], pack: str, out: Path, without_shipped: bool, jobs: int
) -> None:
    """Learn a reader from the shipped corpus and your own annotated notes (CORPORA: folders, files).

    Name the folder in your pack: reader: FOLDER. The same notes give the same bytes. With your own
    notes the folder holds words of them: keep it where you keep the notes.

    Example: carescreen notes train our-notes/ --pack cn-rural --out models/ours
    """
    from carescreen.corpus import read_corpus, shipped_corpus
    from carescreen.learned import Saved
    from carescreen.learning import learn
    from carescreen.lexicon import load_lexicon
    from carescreen.notes import NoteReader
    from carescreen.pack import Pack
    from carescreen.readerfile import card_of, write_reader

    reader = NoteReader(load_lexicon(Pack.load(pack)))
    paths = [*([] if without_shipped else [shipped_corpus()]), *corpora]
    if not paths:
        raise UsageError("wanted annotated notes: name a folder, or leave --without-shipped out")
    corpus = read_corpus(paths, reader.concepts)
    languages = [name for name in LANGUAGES if any(n.language == name for n in corpus.notes)]
    tables = []
    for name in languages:
        count = sum(note.language == name for note in corpus.notes)
        click.echo(f"{name}: learning from {count:,} notes …", err=True)
        tables.append(learn(corpus.notes, name, reader, jobs))
    trained_on = {name: sum(n.language == name for n in corpus.notes) for name in languages}
    saved = Saved(out.name, tuple(reader.concepts), tuple(tables), trained_on)
    sources = [*([] if without_shipped else ["the shipped corpus"]), *(p.name for p in corpora)]
    write_reader(saved, out, card_of(saved, sources))
    weights = sum(table.weight.size for table in tables)
    grams = sum(len(table.grams) for table in tables)
    click.echo(f"{grams:,} grams with {weights:,} weights written to {out}.")


@notes.command("suggest")
@click.argument("file", type=FOLDER)
@click.option("--text-column", default="note", show_default=True)
@PACK
@click.option("--most", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--out", type=FOLDER, required=True, help="folder for notes.csv and phrases.csv")
def notes_suggest(file: Path, text_column: str, pack: str, most: int, out: Path) -> None:
    """Say which notes of FILE are worth annotating, and which words belong into the lexicon.

    notes.csv has the notes that the reader is least sure of, concept by concept; phrases.csv words
    that stand with a concept and are in no list yet, with counts. Both hold words of the notes.

    Example: carescreen notes suggest visits.csv --out suggestions
    """
    from carescreen.notes import NoteReader
    from carescreen.results import write_csv_aside
    from carescreen.suggestions import suggest
    from carescreen.tables import read_table

    reader = NoteReader.load(pack)
    _require_chosen(file, (text_column,))
    texts = read_table(file, {text_column}).frame[text_column]
    found = suggest(texts, reader, most)
    found.notes["text"] = [texts.iloc[row] for row in found.notes["row"]]
    out.mkdir(parents=True, exist_ok=True)
    write_csv_aside(found.notes, out / "notes.csv", [file])
    write_csv_aside(found.phrases, out / "phrases.csv", [file])
    click.echo(
        f"{len(found.notes):,} notes and {len(found.phrases):,} phrases written to {out}; "
        "both files hold words of the notes."
    )
