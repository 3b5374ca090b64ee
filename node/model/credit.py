"""The unified social credit code of a body (GB 32100-2015): how departments, authorities and companies are named for certain."""

import re
from operator import mul

CREDIT_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Digits and letters without I, O, S, V and Z (GB 32100-2015, table 1)."""
_VALUES = {symbol: value for value, symbol in enumerate(CREDIT_SYMBOLS)}
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_FORM = re.compile(rf"[{CREDIT_SYMBOLS}]{{2}}[0-9]{{6}}[{CREDIT_SYMBOLS}]{{10}}")


def credit_check(first17: str) -> str:
    """Return the check character of a code's first 17 characters, all of CREDIT_SYMBOLS."""
    return CREDIT_SYMBOLS[-sum(map(mul, map(_VALUES.__getitem__, first17), _WEIGHTS)) % 31]


def is_credit_code(text: str) -> bool:
    """Tell whether a text is a credit code with its check character."""
    return bool(_FORM.fullmatch(text)) and credit_check(text[:17]) == text[17]
