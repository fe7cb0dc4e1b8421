"""What learned phrases may do in a caseload's score, whoever learned them.

A phrase can only raise a score, and all phrases of a child together by at most half a log-odds. So
a note that says more never lowers a score (law 3), and how much a worker writes cannot outweigh
what the fields say. On any other table a RiskModel uses its note column freely.
"""

from __future__ import annotations

from collections.abc import Collection

from carescreen.errors import ModelError
from carescreen.ngrams import PhraseTable
from carescreen.phrase_names import rules_kept_out
from carescreen.recent_notes import NOTE_COLUMN
from carescreen.steps import MICRO, AdditiveTables

PROTECTED_GROUPS = ("sex", "ethnicity", "religion")
PHRASE_CAP = MICRO // 2  # half a log-odds, in millionths (DESIGN "Model")


def require_phrases_of_caseloads(tables: AdditiveTables, features: Collection[str]) -> None:
    """ModelError unless a model's note column and phrases are those of a caseload.

    features: names of the pack's features.
    """
    column, phrases = tables.note_column, tables.phrases
    if column is None:
        return
    if column != NOTE_COLUMN:
        raise ModelError(
            f"the model looks for phrases in the column '{column}', so it was trained on another "
            f"table: a caseload's text is called '{NOTE_COLUMN}'. Use it with RiskModel on that "
            "table, or train one on a caseload with `carescreen model train`."
        )
    if column in features:
        raise ModelError(
            f"the pack names a feature '{column}', and so is the text called in which the model "
            "looks for phrases: give the feature another id, or use a model without phrases"
        )
    if phrases.weights and (phrases.cap is None or phrases.cap > PHRASE_CAP):
        raise ModelError(
            "the model's learned phrases are not held to half a log-odds together, as those for a "
            "caseload must be. Train one on a caseload with `carescreen model train`."
        )
    _require_no_protected_words(phrases)
    if any(weight < 0 for weight in phrases.weights.values()):
        raise ModelError(
            "the model has a learned phrase that lowers the score; for a caseload a phrase may "
            "only raise it. Train one on a caseload with `carescreen model train`."
        )


def _require_no_protected_words(phrases: PhraseTable) -> None:
    """Law 9 at the gate: whoever made the model, and whatever list of words was in force then."""
    if not phrases.weights:
        return
    for group in rules_kept_out().groups:
        count = sum(map(group.holds, phrases.weights)) if group.id in PROTECTED_GROUPS else 0
        if count:
            raise ModelError(
                f"{count} of the model's learned phrases speak of {group.id}, which is for audits "
                "only. Strike them in the review, and train the model again."
            )
