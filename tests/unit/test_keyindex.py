"""Keys: each found with its own value, and no other key with one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from carescreen.keyindex import KeyIndex


@given(st.lists(st.integers(1, 2**64 - 1), max_size=400, unique=True), st.integers(0, 2**63))
def test_each_key_has_its_own_value_and_no_other_key_has_one(keys: list[int], more: int) -> None:
    wanted = {key: number for number, key in enumerate(keys)}
    asked = [*keys, *(key ^ more for key in keys), *keys[::-1]]
    index = KeyIndex(np.array(keys, np.uint64), np.arange(len(keys)))
    which, value = index.find(np.array([key for key in asked if key], np.uint64))
    assert dict(zip(which.tolist(), value.tolist(), strict=True)) == {
        at: wanted[key] for at, key in enumerate(key for key in asked if key) if key in wanted
    }
    assert which.tolist() == sorted(which.tolist())
