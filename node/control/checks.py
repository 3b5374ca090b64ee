"""What the fields of a command must be by themselves, told in both languages with the next step.

The same bounds as `bodies` has for events; here a person reads the reason, there a counter.
"""

from datetime import date

from node.control.bodies import check_date
from node.errors import CommandRefused
from node.model import keys, names


def check_division(text: str) -> None:
    """Refuse what is no division code."""
    try:
        names.division(text)
    except ValueError as error:
        zh = f"{text!r} 不是行政区划代码：应为 GB/T 2260 的 6、9 或 12 位数字，例如 445102"
        raise CommandRefused("bad-name", str(error), zh) from error


def check_department(text: str) -> None:
    """Refuse what is no department."""
    try:
        names.department(text)
    except ValueError as error:
        zh = f"{text!r} 不是部门名称：应为 <区划代码>.<名称>，名称只用 a-z、0-9 和 -，例如 445102.civil-affairs；不可用 node"
        raise CommandRefused("bad-name", str(error), zh) from error


def check_resource(text: str) -> None:
    """Refuse what is no resource's name."""
    try:
        names.resource(text)
    except ValueError as error:
        zh = f"{text!r} 不是资源名称：应为 <区划代码>.<部门>.<名称>，只用 a-z、0-9 和 -，例如 445102.civil-affairs.villages"
        raise CommandRefused("bad-name", str(error), zh) from error


def check_key(text: str) -> None:
    """Refuse what is no key, or one of an algorithm that is not known here."""
    try:
        keys.read_key(text)
    except ValueError as error:
        zh = f"{text[:80]!r} 不是本版本认识的公钥：应为 ed25519:<32 字节的 base64>，由 exchange-node key show 给出"
        raise CommandRefused("bad-key", str(error), zh) from error


def check_day(field: str, text: str) -> None:
    """Refuse what is neither empty nor a day."""
    try:
        check_date(field, text)
    except ValueError as error:
        en = f"{field}: {text!r} is no day; write it as 2026-11-22, or leave it out"
        raise CommandRefused("bad-day", en, f"{field}：{text!r} 不是日期；请写成 2026-11-22，或不填") from error


def check_not_past(field: str, text: str, today: date) -> None:
    """Refuse a day before today; empty has no end and is never past."""
    if text and text < today.isoformat():
        en = f"{field}: {text} is past, today is {today.isoformat()}; give a later day or leave it out"
        raise CommandRefused("past", en, f"{field}：{text} 已过，今天是 {today.isoformat()}；请给出更晚的日期，或不填")


def check_not_future(field: str, text: str, today: date) -> None:
    """Refuse a day after today."""
    if text > today.isoformat():
        en = f"{field}: {text} is still to come, today is {today.isoformat()}; give the day on which it was so"
        raise CommandRefused("future", en, f"{field}：{text} 尚未到来，今天是 {today.isoformat()}；请填写已发生的日期")


def check_filled(field: str, text: str) -> None:
    """Refuse an empty text where people need one."""
    if not text.strip():
        raise CommandRefused("empty", f"{field} is empty; fill it in", f"{field} 为空；请填写")


def check_within(field: str, number: int, least: int, most: int) -> None:
    """Refuse a number outside of its bounds."""
    if not least <= number <= most:
        en = f"{field}: {number} is not within {least} and {most}; choose a number between them"
        raise CommandRefused("out-of-bounds", en, f"{field}：{number} 不在 {least} 至 {most} 之间；请在此范围内选择")
