"""Identifiers of invented persons and bodies, valid by their standards: check characters, divisions and dates are right.

They are drawn by dice; whoever is really called so is so by chance.
"""

from datetime import date, timedelta
from random import Random

DIVISIONS = (
    "440103", "440104", "440105", "440106", "440303", "440304", "440305", "440306", "440402", "440507", "440511",
    "440514", "440605", "440703", "441302", "441402", "441502", "445102", "445103", "445122", "445202", "445222",
)  # fmt: skip
"""Codes of GB/T 2260 from which invented holders come; all stand in schemas/divisions/divisions.csv."""

_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
_ORGANIZATION_SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Digits and letters without I, O, S, V and Z (GB 32100-2015, table 1)."""
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_CREDIT_VALUES = {symbol: value for value, symbol in enumerate(_CREDIT_SYMBOLS)}
_FIRST_BIRTH = date(1950, 1, 1)
_BIRTH_DAYS = (date(2005, 12, 31) - _FIRST_BIRTH).days + 1

COMPANY, INDIVIDUAL, AUTHORITY = "91", "92", "11"
"""First two characters of a credit code: market regulation's companies and individual businesses; state authorities."""


def resident_check(first17: str) -> str:
    """Return the check character of a resident's identity number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return _RESIDENT_CHECKS[sum(int(digit) * weight for digit, weight in zip(first17, _RESIDENT_WEIGHTS, strict=True)) % 11]


def organization_check(first8: str) -> str:
    """Return the check character of an organization code (GB 11714-1997), positions 9 to 16 of a credit code."""
    total = sum(_ORGANIZATION_SYMBOLS.index(symbol) * weight for symbol, weight in zip(first8, _ORGANIZATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def credit_check(first17: str) -> str:
    """Return the check character of a unified social credit code (GB 32100-2015)."""
    total = sum(_CREDIT_VALUES[symbol] * weight for symbol, weight in zip(first17, _CREDIT_WEIGHTS, strict=True))
    return _CREDIT_SYMBOLS[-total % 31]


def resident_id(dice: Random) -> str:
    """Return the identity number of an adult: division, birth date, order, check character."""
    born = _FIRST_BIRTH + timedelta(days=dice.randrange(_BIRTH_DAYS))
    first17 = f"{dice.choice(DIVISIONS)}{born:%Y%m%d}{dice.randrange(1, 1000):03d}"
    return first17 + resident_check(first17)


def credit_code(dice: Random, kind: str, division: str) -> str:
    """Return the credit code of a body of `kind` (COMPANY, INDIVIDUAL or AUTHORITY) registered in `division`."""
    first8 = "MA" + "".join(dice.choices(_CREDIT_SYMBOLS, k=6))
    first17 = f"{kind}{division}{first8}{organization_check(first8)}"
    return first17 + credit_check(first17)
