"""A schema compiled for the record kernel, and what its verdicts mean in words.

Without Numba: a schema is compiled wherever one is registered or looked at, and most of these places never check a record.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import re2

from node.avro import layout
from node.avro.cel import compile_expression
from node.avro.compiler import Compiler, Named
from node.avro.schema import ParsedSchema
from node.avro.tables import Int64s, Tables
from node.errors import SchemaError


class Fault(msgspec.Struct, frozen=True):
    """Why a value was refused."""

    field: str
    """path of the field from the record's root, such as `holder.street`, `tags[]`, `extra{}`, `amount|1`; empty: the record as a whole"""
    word: str
    """the rule's name, or one word for what is wrong with the bytes"""
    zh: str
    en: str


class ProgramRule(msgspec.Struct, frozen=True):
    """A rule of a program; its place in `Program.rules` is its id."""

    field: str
    name: str
    warns: bool
    zh: str
    en: str


class Pattern(msgspec.Struct, frozen=True):
    """A pattern that the kernel leaves to RE2.

    After a walk state[slot + SLOT_THERE] is 1 when the field is not null, and state[slot + SLOT_OFFSET] and state[slot + SLOT_LENGTH] say
    where its bytes stand: `regex.fullmatch(those bytes)` must find them.
    """

    slot: int
    rule: int
    regex: Any


class Program(msgspec.Struct, frozen=True):
    """What the kernel needs to judge values of a schema. It never changes, so threads share it; each needs a `state` of its own."""

    schema: ParsedSchema
    tables: Tables
    rules: tuple[ProgramRule, ...]
    patterns: tuple[Pattern, ...]
    fields: tuple[str, ...]
    """paths of the fields by id"""
    logical: Mapping[int, str]
    """logical types by field id"""
    state_words: int

    def state(self) -> Int64s:
        """Return the state of one thread's walks: the failure of the last one, its slots, and the warnings so far."""
        return np.zeros(self.state_words, np.int64)

    def warned(self, state: Int64s) -> Int64s:
        """Return how many values that passed broke each rule that only warns, by rule id: a view of `state`."""
        first = int(self.tables.numbers[layout.N_WARNINGS])
        return state[first : first + len(self.rules)]

    def explain(self, code: int, field: int, rule: int) -> Fault:
        """Return what a verdict other than OK means: the error code, state[S_FIELD] and state[S_RULE] of the walk."""
        path = self.fields[field]
        if code == layout.E_RULE:
            broken = self.rules[rule]
            return Fault(broken.field, broken.name, broken.zh, broken.en)
        if code == layout.E_LOGICAL:
            name = self.logical[field]
            return Fault(path, name, *_FORMS[name])
        return Fault(path, *_WORDS[code])


_WORDS = {
    layout.E_TRUNCATED: ("truncated", "数据在此字段中断", "the bytes end within this field"),
    layout.E_VARINT: ("varint", "变长整数超过 64 位", "a variable-length number has more than 64 bits"),
    layout.E_INT: ("int", "整数超过 32 位", "the number has more than 32 bits"),
    layout.E_LENGTH: ("length-prefix", "长度超出剩余字节", "the length is negative or goes beyond the bytes that are left"),
    layout.E_UTF8: ("utf8", "文本不是 UTF-8", "the text is not UTF-8"),
    layout.E_BOOLEAN: ("boolean", "布尔值不是 0 或 1", "the boolean is neither 0 nor 1"),
    layout.E_ENUM: ("enum", "枚举序号不存在", "the enum has no symbol of that index"),
    layout.E_UNION: ("union", "联合分支不存在", "the union has no branch of that index"),
    layout.E_BLOCK: ("block", "数组或映射的块计数或长度不实", "a block of an array or map claims what is not there"),
    layout.E_TRAILING: ("trailing", "记录之后还有字节", "bytes follow the record"),
    layout.E_ITEMS: ("items", f"不占字节的项超过 {layout.ZERO_ITEMS_MAX}", f"more than {layout.ZERO_ITEMS_MAX} items that take no bytes"),
}


_DAYS = ("须在公元 1 年至 9999 年之间", "is not in the years 1 to 9999")
_FORMS = {
    "date": _DAYS,
    **dict.fromkeys(("timestamp-millis", "timestamp-micros", "local-timestamp-millis", "local-timestamp-micros"), _DAYS),
    **dict.fromkeys(("time-millis", "time-micros"), ("不是一天之内的时刻", "is no time of a day")),
    "decimal": ("没有数字，或位数超过精度", "has no digits, or more than its precision"),
    "uuid": ("不是 UUID（8-4-4-4-12 位十六进制）", "is no UUID of 8-4-4-4-12 hexadecimal digits"),
}
"""What logical types ask of their values."""


def compile_program(schema: ParsedSchema) -> Program:
    """Return the program of a schema; SchemaError names the place of what the kernel does not support."""
    compiler = Compiler(schema.named)
    own = compiler.compile(schema.avro)
    _put_record_rules(compiler, own)
    _put_key(compiler, schema)
    numbers, slots, rules = compiler.pools.numbers, len(compiler.slots), len(compiler.rules)
    warnings = layout.S_SLOTS + slots * layout.SLOT_WORDS
    numbers[layout.N_SLOTS], numbers[layout.N_RULES], numbers[layout.N_WARNINGS] = slots, rules, warnings
    return Program(
        schema=schema,
        tables=tables(compiler),
        rules=tuple(ProgramRule(one.field, one.rule.kind.name, one.rule.warns, one.rule.zh, one.rule.en) for one in compiler.rules),
        patterns=tuple(Pattern(compiler.slot(row), rule, _regex(compiler.rules[rule])) for row, rule in compiler.patterns),
        fields=tuple(compiler.fields),
        logical={
            leaf.place.field: leaf.target.node["logicalType"] for leaf in compiler.leaves.values() if "logicalType" in leaf.target.node
        },
        state_words=warnings + 3 * rules,
    )


def tables(compiler: Compiler) -> Tables:
    """Return what the kernel reads of a schema that is compiled."""
    return Tables(
        read_only(np.array(compiler.rows, np.int32).reshape(-1)),
        read_only(np.array(compiler.pools.numbers, np.int64)),
        read_only(np.frombuffer(bytes(compiler.pools.text), np.uint8)),
    )


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the same array, never to be written: the kernel knows no other kind of input."""
    view = array.view()
    view.flags.writeable = False
    return view


def _put_record_rules(compiler: Compiler, own: list[int]) -> None:
    """Put the rules across fields, whose fields keep their slots."""
    rows = []
    for name in own:
        rule = compiler.rules[name].rule
        try:
            rows += [0, name, int(rule.warns), compile_expression(rule.parameters["expression"], compiler)]
        except ValueError as fault:
            raise SchemaError(f"schema: rule cel: {fault}") from None
    numbers = compiler.pools.numbers
    numbers[layout.N_RECORD_RULES], numbers[layout.N_RECORD_RULES_END] = compiler.pools.put(rows), len(numbers)


def _put_key(compiler: Compiler, schema: ParsedSchema) -> None:
    """Put the parts of the record's key, whose fields keep their slots."""
    parts = []
    for name in schema.key:
        leaf = compiler.leaves[name]
        symbols = 0
        if leaf.target.kind == "enum":
            texts = [compiler.pools.put_text(symbol.encode()) for symbol in leaf.target.node["symbols"]]
            symbols = compiler.pools.put(number for pair in texts for number in pair)
        parts += [_KEY_KINDS[leaf.target.kind], compiler.slot(leaf.row), symbols]
    numbers = compiler.pools.numbers
    numbers[layout.N_KEY], numbers[layout.N_KEY_PARTS] = compiler.pools.put(parts), len(schema.key)


_KEY_KINDS = {
    "string": layout.KEY_TEXT,
    "enum": layout.KEY_ENUM,
    "int": layout.KEY_NUMBER,
    "long": layout.KEY_NUMBER,
    "date": layout.KEY_DATE,
    "uuid": layout.KEY_UUID,
}


def _regex(named: Named) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(named.rule.parameters["pattern"], options)
    except (re2.error, UnicodeEncodeError) as fault:
        raise SchemaError(f'{named.field}: rule pattern: "pattern" must be a regular expression of RE2: {_said(fault)}') from None


def _said(fault: Exception) -> str:
    return fault.args[0].decode() if isinstance(fault.args[0], bytes) else str(fault)
