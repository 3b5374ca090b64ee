"""Constants of rules and expressions as Avro has them: days, moments, unscaled decimals. ValueError says what was expected."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()


def days(text: object) -> int:
    """Return the days from 1970-01-01 to a date such as 2025-01-31."""
    if isinstance(text, str) and _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text).toordinal() - _EPOCH_DAY
        except ValueError:
            pass
    raise ValueError("a date such as 2025-01-31")


def microseconds(text: object, *, local: bool) -> int:
    """Return the microseconds from 1970 to a moment such as 2025-01-31T08:30:00+08:00; a local one has no offset (RFC 3339)."""
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found and (found[2] is None) is local:
        try:
            moment = datetime.fromisoformat(found[0])
        except ValueError:
            pass
        else:
            since = (moment.replace(tzinfo=UTC) if local else moment) - _EPOCH
            return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    raise ValueError(f"a moment such as 2025-01-31T08:30:00{'' if local else '+08:00'}, {'without' if local else 'with'} an offset")


def unscaled(value: object, scale: int) -> int:
    """Return a decimal, text such as "12.50" or a whole number, as the whole number that Avro writes at `scale`."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise ValueError('a decimal as text such as "12.50"')
    number = Decimal(text).scaleb(scale) if len(text) < _DIGITS_MAX else None
    if number is None or number != number.to_integral_value():
        raise ValueError(f"a decimal with at most {scale} digits after the point")
    return int(number)


_DIGITS_MAX = 28
"""Python's decimal context keeps 28 digits; no bound of a rule needs more."""
