"""Answers for node/avro/kernel_warnings.py."""

import numpy as np

from node.avro import layout
from node.avro.kernel import uncount
from node.avro.program import compile_program
from node.avro.schema import encode, parse
from node.avro.values import check_values

WARN = {"rule": "minimum", "value": 0, "severity": "warn"}
SCHEMA = {
    "type": "record",
    "name": "R",
    "rules": [{"rule": "cel", "expression": "b != 7", "severity": "warn"}],
    "fields": [
        {"name": "a", "type": {"type": "array", "items": {"type": "int", "rules": [WARN]}}},
        {"name": "b", "type": ["null", "int"], "rules": [{"rule": "not-null", "severity": "warn"}, {"rule": "maximum", "value": 9}]},
    ],
}
PROGRAM = compile_program(parse(SCHEMA))


def test_a_value_counts_once_for_each_rule_and_only_if_it_passes() -> None:
    """However many items break a rule; values that another rule refuses do not count, nor do those before them."""
    values = [encode(PROGRAM.schema, {"a": a, "b": b}) for a, b in (([-1, -2, 3], 1), ([-1], None), ([1], 7), ([-1], 10), ([], 5))]
    verdicts = check_values(PROGRAM, b"".join(values), np.cumsum([0, *map(len, values)]), 0)
    assert verdicts.found[:, 0].tolist() == [0, 0, 0, layout.E_RULE, 0]
    counts = dict(zip([(rule.field, rule.name) for rule in PROGRAM.rules], PROGRAM.warned(verdicts.state).tolist(), strict=True))
    assert counts == {("", "cel"): 1, ("a[]", "minimum"): 2, ("b", "not-null"): 1, ("b", "maximum"): 0}


def test_warnings_of_the_last_value_can_be_taken_back() -> None:
    """Its key or its partition may refuse it yet; taking back twice changes nothing more."""
    values = [encode(PROGRAM.schema, {"a": [-1], "b": b}) for b in (1, None)]
    verdicts = check_values(PROGRAM, b"".join(values), np.cumsum([0, *map(len, values)]), 0)
    assert PROGRAM.warned(verdicts.state).sum() == 3
    for _ in range(2):
        uncount(PROGRAM.tables, verdicts.state)
        assert PROGRAM.warned(verdicts.state).sum() == 1
