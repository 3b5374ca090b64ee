"""The rules that a schema may name, in one table: names, parameters, types, meanings and messages.

`check`, the compiler and `exchange-node catalogue rules` read this table and nothing else. In a schema a rule is an object in the list
`rules` of a field, of a type or, for `cel`, of the outermost record:
`{"rule": NAME, …parameters, "severity": "refuse" | "warn", "message": {"zh": …, "en": …}}`.
"""

from typing import Any

import msgspec

from node.avro.rule_kinds import (
    EVERY,
    INTEGERS,
    REALS,
    TIMES,
    Parameters,
    RuleKind,
    Target,
    check_bound,
    check_code_list,
    check_counts,
    check_division,
    check_grace,
    check_length,
    check_text,
    check_texts,
    check_values,
    check_window,
)
from node.errors import SchemaError

_VALUES_SHOWN = 12


class Rule(msgspec.Struct, frozen=True):
    """A rule as it stands in a schema, checked, with its message in both languages."""

    kind: RuleKind
    parameters: Parameters
    warns: bool
    zh: str
    en: str


RULES: dict[str, RuleKind] = {
    kind.name: kind
    for kind in (
        RuleKind(
            name="not-null",
            fits=EVERY,
            zh="可空字段不得为空",
            en="a nullable field is not null",
            message_zh="不得为空",
            message_en="must not be null",
        ),
        RuleKind(
            name="minimum",
            fits=(*INTEGERS, *REALS, "decimal"),
            required=("value",),
            zh="数值下限（含）；decimal 以文本书写",
            en='the least value allowed; of a decimal as text, such as "12.50"',
            message_zh="不得小于 {value}",
            message_en="must be at least {value}",
            check=check_bound,
        ),
        RuleKind(
            name="maximum",
            fits=(*INTEGERS, *REALS, "decimal"),
            required=("value",),
            zh="数值上限（含）；decimal 以文本书写",
            en='the greatest value allowed; of a decimal as text, such as "12.50"',
            message_zh="不得大于 {value}",
            message_en="must be at most {value}",
            check=check_bound,
        ),
        RuleKind(
            name="length",
            fits=("string", "bytes", "array", "map"),
            optional=("min", "max"),
            zh="长度：字符串按字符，bytes 按字节，数组与映射按项数",
            en="how long it is: characters of a string, bytes of bytes, items of an array or map",
            message_zh="长度须{counts_zh}",
            message_en="its length must be {counts_en}",
            check=check_length,
        ),
        RuleKind(
            name="set",
            fits=("string", "enum", *INTEGERS),
            required=("values",),
            zh="只允许列出的值",
            en="one of the values listed",
            message_zh="须为下列之一：{shown}",
            message_en="must be one of {shown}",
            check=check_values,
        ),
        RuleKind(
            name="code-list",
            fits=("string",),
            required=("name",),
            optional=("file", "values"),
            zh="代码表中的代码；书写时给出文件，登记时文件由其中的代码代替",
            en="a code of a code list: written with its file, registered with the file's codes",
            message_zh="不是 {name} 中的代码",
            message_en="is no code of {name}",
            check=check_code_list,
        ),
        RuleKind(
            name="prefix",
            fits=("string",),
            required=("values",),
            zh="以列出的前缀之一开头",
            en="begins with one of the prefixes listed",
            message_zh="须以下列之一开头：{shown}",
            message_en="must begin with one of {shown}",
            check=check_texts,
        ),
        RuleKind(
            name="pattern",
            fits=("string",),
            required=("pattern",),
            zh="整体匹配正则表达式（RE2 语法）",
            en="matches a regular expression (RE2) as a whole",
            message_zh="不符合格式 {pattern}",
            message_en="does not match {pattern}",
            check=check_text("pattern"),
        ),
        RuleKind(
            name="digits",
            fits=("string",),
            optional=("min", "max"),
            zh="只含数字 0 至 9，可限位数",
            en="digits 0 to 9 alone, as many as are allowed",
            message_zh="须为数字，位数{counts_zh}",
            message_en="must be digits, {counts_en} of them",
            check=check_counts,
        ),
        RuleKind(
            name="date-window",
            fits=TIMES,
            optional=("from", "to"),
            zh="日期或时刻在范围内（含两端）",
            en="a date or moment within a window, both ends included",
            message_zh="须{window_zh}",
            message_en="must be {window_en}",
            check=check_window,
        ),
        RuleKind(
            name="not-future",
            fits=TIMES,
            optional=("days",),
            zh="不晚于现在，可宽限若干天；日期按北京时间的今天",
            en="not later than now, some days of grace allowed; a date is compared with today in China",
            message_zh="不得晚于今天{grace_zh}",
            message_en="must not be in the future{grace_en}",
            check=check_grace,
        ),
        RuleKind(
            name="cn-resident-id",
            fits=("string",),
            zh="公民身份号码（GB 11643-1999）：18 位，校验码正确，出生日期真实且不晚于今天；不核对前六位",
            en="a citizen's identity number (GB 11643-1999): 18 characters, the check character right, the date of birth real and "
            "not after today; the first six digits are not looked up",
            message_zh="不是有效的公民身份号码（GB 11643）",
            message_en="is no valid resident identity number (GB 11643)",
        ),
        RuleKind(
            name="cn-uscc",
            fits=("string",),
            zh="统一社会信用代码（GB 32100-2015）：18 位，校验码正确",
            en="a unified social credit code (GB 32100-2015): 18 characters, the check character right",
            message_zh="不是有效的统一社会信用代码（GB 32100）",
            message_en="is no valid unified social credit code (GB 32100)",
        ),
        RuleKind(
            name="cn-division",
            fits=("string",),
            optional=("digits", "values"),
            zh="行政区划代码（GB/T 2260）：前六位须在区划表中；区划表没有的省份，只核对省级代码。digits 另许 9 位（乡级）与 12 位（村级）",
            en="a division's code (GB/T 2260): its first six digits are in the divisions table; of provinces that the table lacks only the "
            "province's own two digits are checked. `digits` also allows 9 (towns) and 12 (villages)",
            message_zh="不是有效的行政区划代码（GB/T 2260）",
            message_en="is no valid division code (GB/T 2260)",
            check=check_division,
        ),
        RuleKind(
            name="cn-phone",
            fits=("string",),
            zh="境内电话号码：11 位手机号，或区号加固定电话号码，其间可有连字符",
            en="a mainland telephone number: 11 digits of a mobile, or area code and number, perhaps with a hyphen between them",
            message_zh="不是有效的境内电话号码",
            message_en="is no valid mainland telephone number",
        ),
        RuleKind(
            name="cel",
            fits=("record",),
            required=("expression",),
            zh="跨字段规则：CEL 表达式为真，只写在最外层记录上",
            en="a rule across fields: the CEL expression is true; on the outermost record alone",
            message_zh="不满足 {expression}",
            message_en="does not fulfil {expression}",
            check=check_text("expression"),
        ),
    )
}


def read_rules(rules: Any, target: Target, place: str) -> list[Rule]:
    """Return the rules of a list in a schema that stands on `target`; SchemaError names `place` and the first fault."""
    if not isinstance(rules, list):
        raise SchemaError(f'{place or "schema"}: "rules" must be a list of objects such as {{"rule": "not-null"}}')
    found = [_read(rule, target, place or "schema") for rule in rules]
    if sum(rule.kind.name == "not-null" for rule in found) > 1:
        raise SchemaError(f"{place}: rule not-null: it stands twice")
    return found


def _read(rule: Any, target: Target, place: str) -> Rule:
    name = rule.get("rule") if isinstance(rule, dict) else None
    kind = RULES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise SchemaError(f'{place}: a rule is an object whose "rule" is one of {", ".join(RULES)}')
    parameters = {key: value for key, value in rule.items() if key not in _COMMON}
    try:
        _check_target(kind, target)
        _check_names(kind, parameters)
        kind.check(parameters, target)
        zh, en = _message(rule.get("message"), kind, parameters)
        severity = rule.get("severity", "refuse")
        if severity not in ("refuse", "warn"):
            raise ValueError('"severity" must be "refuse" or "warn"')
    except ValueError as fault:
        raise SchemaError(f"{place}: rule {name}: {fault}") from None
    return Rule(kind, parameters, severity == "warn", zh, en)


_COMMON = {"rule", "severity", "message"}


def _check_target(kind: RuleKind, target: Target) -> None:
    if target.kind not in kind.fits:
        raise ValueError(f"it fits {', '.join(kind.fits)}, not {target.kind}")
    if kind.name == "not-null" and not target.nullable:
        raise ValueError("the type is never null")
    if target.kind == "record" and kind.name != "not-null" and not target.outermost:
        raise ValueError("it stands on the outermost record, whose fields it may name as holder.street")


def _check_names(kind: RuleKind, parameters: Parameters) -> None:
    for name in kind.required:
        if name not in parameters:
            raise ValueError(f'"{name}" is missing')
    for name in parameters:
        if name not in (*kind.required, *kind.optional):
            raise ValueError(f'it has no "{name}"; it takes {", ".join((*kind.required, *kind.optional)) or "nothing"}')


def _message(given: Any, kind: RuleKind, parameters: Parameters) -> tuple[str, str]:
    if given is None:
        shown = parameters | _phrases(parameters)
        return kind.message_zh.format_map(shown), kind.message_en.format_map(shown)
    if not isinstance(given, dict) or given.keys() != {"zh", "en"} or not all(isinstance(text, str) and text for text in given.values()):
        raise ValueError('"message" must be {"zh": a text, "en": a text}')
    return given["zh"], given["en"]


def _phrases(parameters: Parameters) -> dict[str, str]:
    """Return what messages say of optional parameters and of long lists."""
    most = parameters.get("max")
    counts = (parameters.get("min", 1 if most is None else None), most)
    window = (parameters.get("from"), parameters.get("to"))
    days, values = parameters.get("days"), parameters.get("values")
    return {
        "counts_zh": _between(counts, ("为 {0}", "不少于 {0}", "不超过 {1}", "为 {0} 至 {1}")),
        "counts_en": _between(counts, ("{0}", "at least {0}", "at most {1}", "{0} to {1}")),
        "window_zh": _between(window, ("为 {0}", "不早于 {0}", "不晚于 {1}", "在 {0} 与 {1} 之间")),
        "window_en": _between(window, ("{0}", "not before {0}", "not after {1}", "from {0} to {1}")),
        "grace_zh": f"之后 {days} 天" if days else "",
        "grace_en": f" by more than {days} days" if days else "",
        "shown": _shown(values) if isinstance(values, list) else "",
    }


def _between(bounds: tuple[object, object], texts: tuple[str, str, str, str]) -> str:
    """Return the text for two bounds: equal ones, the lower alone, the upper alone, or both."""
    (least, most), (equal, above, below, within) = bounds, texts
    return (equal if least == most else above if most is None else below if least is None else within).format(least, most)


def _shown(values: list[Any]) -> str:
    return ", ".join(map(str, values[:_VALUES_SHOWN])) + (" …" if len(values) > _VALUES_SHOWN else "")
