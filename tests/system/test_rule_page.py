"""The rules as a page, from the command line."""

from pathlib import Path

from tests.system.command import run


def doc(*arguments: object, code: int = 0) -> str:
    return run("rules", "doc", *arguments, code=code)


def test_a_pack_becomes_a_page_and_mistakes_are_one_line(tmp_path: Path) -> None:
    page = tmp_path / "rules.html"
    said = doc("cn-rural", "--out", page, "--as-of", "2026-11-01")
    assert said == f"71 rules of cn-rural 0.1.0 written to {page}\n"
    first = page.read_bytes()
    doc("cn-rural", "--out", page, "--as-of", "2026-11-01")
    assert page.read_bytes() == first
    doc("cn-rural", "--out", page, "--as-of", "2026-11-01", "--language", "zh")
    assert b'lang="en">' not in page.read_bytes()
    other = tmp_path / "children.csv"
    other.write_text("child_id\nC1\n", encoding="utf-8")
    assert "no page written by this command" in doc("cn-rural", "--out", other, code=6)
    assert other.read_text(encoding="utf-8") == "child_id\nC1\n"
    assert "wants a date" in doc("cn-rural", "--out", page, "--as-of", "soon", code=2)
    assert "did you mean" in doc("cn-rurl", "--out", page, code=4)
