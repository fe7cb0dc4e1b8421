"""What an amended note no longer says, and which of it still counts.

The newest wording of a visit speaks. But abuse, sexual harm or suicide that was once written down
must not vanish by an edit: a mention of a critical concept in an earlier wording counts until a newer
one raises the concept as well, or a person closes it (as misread, with the visit's id; or as resolved).
"""

from __future__ import annotations

import numpy as np

from carescreen.block import Block
from carescreen.columns import BoolArray
from carescreen.holding import LEARNED, ChildMentions, HoldingTerms
from carescreen.sheet import Ints

_NEWEST = np.iinfo(np.int64).max


def still_said(block: Block, mentions: ChildMentions, terms: HoldingTerms) -> ChildMentions:
    """The mentions of visits as they stand, and those of earlier wordings that still count.

    What only learned weights find takes the place of nothing that words say.
    """
    if not len(block.more_visits):
        return mentions
    of_visit, at = _wordings(block)
    of_visit, at = of_visit[mentions.visit], at[mentions.visit]
    counts = mentions.raised & terms.critical[mentions.concept]
    visit_concept = of_visit * len(terms.names) + mentions.concept
    explicit = mentions.found_by != LEARNED
    newest = _newest_of_each(visit_concept, at, counts)
    newest_explicit = _newest_of_each(visit_concept, at, counts & explicit)
    last = np.where(explicit, newest_explicit, newest)
    return mentions.take((at == _NEWEST) | (counts & (at >= last)))


def _wordings(block: Block) -> tuple[Ints, Ints]:
    """Of each wording its visit, and a number that grows with when it was recorded."""
    visit = np.concatenate([block.visit_place, block.more_visit_place])
    recorded = block.more_visits["recorded_at"].astype("datetime64[s]").astype(np.int64)
    return visit, np.concatenate([np.full(len(block.visits), _NEWEST), recorded])


def _newest_of_each(key: Ints, at: Ints, wanted: BoolArray) -> Ints:
    """The newest of the wanted mentions of each one's visit and concept."""
    found = np.full(int(key.max(initial=-1)) + 1, np.iinfo(np.int64).min)
    np.maximum.at(found, key[wanted], at[wanted])
    return np.asarray(found[key])
