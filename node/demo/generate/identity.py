"""Identifiers of invented persons and bodies, valid by their standards: check characters, divisions and dates are right.

They are drawn by dice; whoever is really called so is so by chance.
"""

from datetime import date
from operator import mul

from node.demo.generate.dice import Dice
from node.model.credit import CREDIT_SYMBOLS, credit_check

DIVISIONS = (
    "440103", "440104", "440105", "440106", "440303", "440304", "440305", "440306", "440402", "440507", "440511",
    "440514", "440605", "440703", "441302", "441402", "441502", "445102", "445103", "445122", "445202", "445222",
)  # fmt: skip
"""Codes of GB/T 2260 from which invented holders come; all stand in schemas/divisions/divisions.csv."""
ELSEWHERE = ("350624", "360731", "430726", "450921", "511024")
"""Codes of other provinces (诏安、于都、石门、容县、威远): people move to Guangdong."""
_ORIGINS = ("445102",) * 40 + ("445103",) * 12 + ("445122",) * 8 + DIVISIONS + ELSEWHERE
"""Where the residents of Xiangqiao were registered when they got their number: two of five at home."""

_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
_ORGANIZATION_SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANIZATION_VALUES = {symbol: value for value, symbol in enumerate(_ORGANIZATION_SYMBOLS)}
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

COMPANY, INDIVIDUAL, AUTHORITY = "91", "92", "11"
"""First two characters of a credit code: market regulation's companies and individual businesses; state authorities."""
_FOUNDED = {"11": "0", "12": "4", "51": "5", "52": "M", "53": "5"}
"""How organization codes begin: those of bodies older than 2015 in digits, of companies since then with MA."""


def resident_check(first17: str) -> str:
    """Return the check character of a resident's identity number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return _RESIDENT_CHECKS[sum(map(mul, map(int, first17), _RESIDENT_WEIGHTS)) % 11]


def organization_check(first8: str) -> str:
    """Return the check character of an organization code (GB 11714-1997), positions 9 to 16 of a credit code."""
    return "0123456789X0"[11 - sum(map(mul, map(_ORGANIZATION_VALUES.__getitem__, first8), _ORGANIZATION_WEIGHTS)) % 11]


def resident_id(dice: Dice, born: date, *, male: bool | None = None) -> str:
    """Return an identity number: division, date of birth, order (odd for men, even for women), check character."""
    order = 2 * dice.below(400) + 1
    if male is False or (male is None and dice.chance(0.49)):
        order += 1
    first17 = f"{dice.pick(_ORIGINS)}{born.isoformat().replace('-', '')}{order:03d}"
    return first17 + resident_check(first17)


def birth_of(number: str) -> date:
    """Return the date of birth that an identity number names."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def is_male(number: str) -> bool:
    """Tell whether an identity number is a man's."""
    return int(number[16]) % 2 == 1


def credit_code(dice: Dice, kind: str, division: str) -> str:
    """Return the credit code of a body of `kind` (its first two characters, such as COMPANY) registered in `division`."""
    if kind in _FOUNDED:
        first8 = _FOUNDED[kind] + dice.digits(7)
    else:
        first8 = "MA" + "".join([CREDIT_SYMBOLS[int(dice.roll() * 31)] for _ in range(6)])
    first17 = f"{kind}{division}{first8}{organization_check(first8)}"
    return first17 + credit_check(first17)
