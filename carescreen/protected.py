"""Attributes that law 9 keeps out of the model: sex, ethnicity and religion serve audits only.

A name is refused if one of its words is such an attribute, in English, pinyin or Chinese, whatever
stands around it (`sex_of_child`, `is_male`, 孩子性别); a harm that has such a word in its name
(`sexual_abuse`, `gender_violence`) is none. Better one name too many: renaming costs a minute.
"""

from __future__ import annotations

import re

_ATTRIBUTE = re.compile(
    r"sex|gender|(fe)?male|boys?|girls?|xingbie"
    r"|ethnic(ity)?|race|racial|tribe|caste|nationality|minzu"
    r"|religion|religious|faith|church|muslim|christian|buddhist|zongjiao"
)
_CHINESE = ("性别", "男女", "男孩", "女孩", "民族", "族别", "种族", "宗教", "信教", "信仰")
# Beside one of these the word names what was done to a child, not what the child is.
_HARM = re.compile(
    r"abused?|assault|violen(ce|t)|trafficking|exploitation|harassment|discrimination|mutilation"
    r"|offences?"
)
_CHINESE_HARMS = ("暴力", "歧视", "侵害", "虐待", "剥削")
_SEXES = {"male", "female", "m", "f", "boy", "girl", "man", "woman", "男", "女", "男孩", "女孩"}


def protected_word(name: str) -> str | None:
    """The word of a name that says a protected attribute; None where there is none.

    >>> protected_word("sex_of_child"), protected_word("孩子性别"), protected_word("isMale")
    ('sex', '性别', 'male')
    >>> protected_word("sexual_abuse"), protected_word("gender_violence"), protected_word("six")
    (None, None, None)
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words: list[str] = re.findall(r"[a-z]+", spaced.lower())
    if not any(_HARM.fullmatch(word) for word in words):
        for word in words:
            if _ATTRIBUTE.fullmatch(word):
                return word
    if any(harm in name for harm in _CHINESE_HARMS):
        return None
    return next((word for word in _CHINESE if word in name), None)


def are_sexes(values: tuple[str, ...]) -> bool:
    """Whether a field's values are the sexes, whatever the field is called."""
    return bool(values) and {value.lower() for value in values} <= _SEXES
