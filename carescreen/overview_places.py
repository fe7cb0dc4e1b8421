"""Where a child lives, for counts by place: village, county and province.

County and province are what the children table says. Where it says nothing and the village is
written as a statistical area code of 12 digits, they are its first 6 and its first 2 digits: 1-2
province, 3-4 prefecture, 5-6 county, 7-9 township, 10-12 village (National Bureau of Statistics of
China, 统计用区划代码和城乡划分代码编制规则). A child of whom neither is known is counted where all
other children of its village are, and nowhere ("not said") where they differ.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carescreen.sheet import Sheet, is_none, numbered

PLACES = ("province_id", "county_id", "village_id")

_AREA_CODE = re.compile(r"[1-9]\d{11}", re.ASCII)
_DIGITS = {"county_id": 6, "province_id": 2}

Ids = NDArray[np.object_]


def places_of(rows: Sheet) -> dict[str, Ids]:
    """province_id, county_id and village_id of each row; None where it is not known."""
    village = rows["village_id"]
    county = _or_of_code(rows["county_id"], village, "county_id")
    county = _or_of_others(county, village)
    province = _or_of_code(rows["province_id"], village, "province_id")
    province = _or_of_others(_or_of_others(province, village), county)
    return {"province_id": province, "county_id": county, "village_id": village}


def _or_of_code(known: Ids, village: Ids, name: str) -> Ids:
    """The ids, those that are missing from the village's code where it is one."""
    missing = is_none(known)
    if not missing.any():
        return known
    numbers, names = numbered(village)
    digits = _DIGITS[name]
    codes = [text[:digits] if _AREA_CODE.fullmatch(str(text)) else None for text in names]
    of_code = np.array([*codes, None], dtype=object)[numbers]  # -1, no village, is the last
    return np.asarray(np.where(missing, of_code, known), dtype=object)


def _or_of_others(known: Ids, smaller: Ids) -> Ids:
    """The ids, those that are missing as all others of the same smaller place have them."""
    missing = is_none(known)
    if not missing.any() or missing.all():
        return known
    said = pd.DataFrame({"in": smaller, "id": known}, dtype=object).dropna().drop_duplicates()
    alone: pd.Series[Any] = said.drop_duplicates("in", keep=False).set_index("in")["id"]
    found = pd.Series(smaller, dtype=object).map(alone).to_numpy(dtype=object)
    found[pd.isna(found)] = None
    return np.asarray(np.where(missing, found, known), dtype=object)
