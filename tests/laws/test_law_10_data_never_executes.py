"""Law 10: data never executes.

Packs and models are data, validated on load; no pickle, eval or template code from a file. Each
payload, if it ever ran, would leave a file behind.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import shutil
from pathlib import Path

from caseloads import DAYS, Tables, day
from engine import files
from hypothesis import given, settings
from hypothesis import strategies as st
from law_pack import PACK

from carescreen.errors import CarescreenError
from carescreen.modelfile import sealed
from carescreen.screener import Screener


class _Writes:
    """Unpickling this writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def payloads(canary: Path) -> list[str]:
    """Texts that some loader, somewhere, would run."""
    touch = f"__import__('pathlib').Path('{canary}').touch()"
    return [
        touch,
        f"(lambda: {touch})()",
        f"[x for x in [{touch}]]",
        f"f'{{{touch}}}'",
        f"noted({touch})",
        f"age_years < {touch}",
        f"age_years.__class__.__init__.__globals__ or {touch}",
        f'!!python/object/apply:os.system ["touch {canary}"]',
        f"!!python/object/new:pathlib.Path [{canary}]",
        f"{{{{ cycler.__init__.__globals__.os.system('touch {canary}') }}}}",
        f"{{% for x in ().__class__.__base__.__subclasses__() %}}{touch}{{% endfor %}}",
        f"${{{touch}}}",
        f"`touch {canary}`",
        f"$(touch {canary})",
        f"=cmd|'/c touch {canary}'!A1",
    ]


PLACES = (
    ("rules/danger.yaml", "hit_seen == 'yes' or noted(hitting)"),
    ("rules/danger.yaml", "{en: Marks, zh: 伤痕}"),
    ("rules/danger.yaml", "{en: Go today, zh: 当天走访}"),
    ("pack.yaml", "{en: Pack of the law tests, zh: 定律测试规则包}"),
    ("pack.yaml", "debts"),
    ("indicators.yaml", "[piped, well, none]"),
    ("concepts.yaml", "{en: Quarrels, zh: 争吵}"),
    ("lexicon.zh.yaml", "[吵架]"),
    ("lexicon.zh.yaml", '"打他|打她"'),
)


@settings(max_examples=60)
@given(data=st.data(), place=st.sampled_from(PLACES), wrapped=st.booleans())
def test_code_in_a_pack_is_refused_or_stays_text(
    tmp_path_factory: object,
    model_folder: Path,
    data: st.DataObject,
    place: tuple[str, str],
    wrapped: bool,
) -> None:
    folder = Path(str(tmp_path_factory.mktemp("code")))  # type: ignore[attr-defined]
    canary = folder / "canary"
    payload = data.draw(st.sampled_from(payloads(canary)))
    shutil.copytree(PACK, folder / "pack")
    file = folder / "pack" / place[0]
    text = file.read_text("utf-8")
    assert place[1] in text
    quoted = "'" + payload.replace("'", "''") + "'"
    wanted = f"{{en: {quoted}, zh: {quoted}}}" if wrapped and "en:" in place[1] else quoted
    if data.draw(st.booleans()) and not wrapped:
        wanted = payload
    file.write_text(text.replace(place[1], wanted, 1), "utf-8")
    _rank_and_write(folder / "pack", model_folder)
    assert not canary.exists()


def _rank_and_write(pack: Path, model: Path) -> None:
    """Everything a user does with a pack and a model, unless they are refused."""
    as_of = DAYS[0]
    row = {"child_id": "C1", "village_id": "V1", "hit_seen": "yes", "debts": "60", "marks": "burn"}
    visit = {"visit_id": "N1", "child_id": "C1", "visit_date": day(as_of, 3), "note": "父母吵架"}
    with contextlib.suppress(CarescreenError):
        ranking = Screener.load(pack, model).rank(Tables((row,), (visit,)).caseload(), as_of)
        ranking.explain("C1", "zh")
        files(ranking, quotes=True)


MODEL_PLACES = ("name", "title", "sources", "format", "kind", "intercept", "weights", "whole")


@given(data=st.data(), place=st.sampled_from(MODEL_PLACES))
def test_code_in_a_model_is_refused_or_stays_text(
    tmp_path_factory: object, model_folder: Path, data: st.DataObject, place: str
) -> None:
    import hashlib

    folder = Path(str(tmp_path_factory.mktemp("code")))  # type: ignore[attr-defined]
    canary = folder / "canary"
    payload = data.draw(st.sampled_from(payloads(canary)))
    shutil.copytree(model_folder, folder / "model")
    path = folder / "model" / "model.json"
    model = json.loads(path.read_text("utf-8"))
    if place in ("format", "kind", "intercept"):
        model[place] = payload
    elif place != "whole":
        value: object = {"title": {"en": payload, "zh": payload}, "sources": [payload]}.get(
            place, payload
        )
        model["features"][0][place] = value
    text = payload if place == "whole" else json.dumps(model)
    path.write_text(text, "utf-8")
    manifest = folder / "model" / "manifest.json"
    told = json.loads(manifest.read_text("utf-8"))
    told["model_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    manifest.write_text(json.dumps(sealed(told)), "utf-8")
    _rank_and_write(PACK, folder / "model")
    assert not canary.exists()


def test_a_pickle_in_place_of_a_model_is_not_opened(model_folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    shutil.copytree(model_folder, tmp_path / "model")
    for name in ("model.json", "manifest.json", "CARD.md", "model.pkl", "model.joblib"):
        (tmp_path / "model" / name).write_bytes(pickle.dumps(_Writes(canary)))
    with contextlib.suppress(UnicodeDecodeError):
        _rank_and_write(PACK, tmp_path / "model")
    assert not canary.exists()
    pickle.loads((tmp_path / "model" / "model.pkl").read_bytes())
    assert canary.exists(), "the payload itself works"


def test_code_in_a_caseload_stays_text(screener: Screener, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    for payload in payloads(canary):
        row = {"child_id": payload, "village_id": payload, "household_id": payload, "sex": payload}
        visit = {
            "visit_id": payload,
            "child_id": payload,
            "visit_date": day(DAYS[0], 2),
            "note": f"孩子又挨打。{payload}",
        }
        ranking = screener.rank(Tables((row,), (visit,)).caseload(), DAYS[0])
        files(ranking, quotes=True)
    assert not canary.exists()
