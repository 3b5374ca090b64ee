"""Warnings: rules that do not hold and let the value pass, counted only where it does pass.

Three words for each rule stand in the state from N_WARNINGS on: how many values broke it, the serial number of the last walk that did, and
the list of the rules that the present walk has broken.
"""

from node.avro.jit import Int64s, compiled, inlined, number_at
from node.avro.layout import N_RULES, N_WARNINGS, RULE_ID, RULE_WARNS, S_PENDING, S_SERIAL


@compiled
def refuses(rule: int, numbers: Int64s, state: Int64s) -> bool:
    """Tell whether a rule row that does not hold refuses the value; one that only warns is noted instead, once for a value."""
    if number_at(numbers, rule + RULE_WARNS) == 0:
        return True
    name, first, count = number_at(numbers, rule + RULE_ID), number_at(numbers, N_WARNINGS), number_at(numbers, N_RULES)
    if state[first + count + name] != state[S_SERIAL]:
        state[first + count + name] = state[S_SERIAL]
        state[first + 2 * count + state[S_PENDING]] = name
        state[S_PENDING] += 1
    return False


@inlined
def count_warnings(numbers: Int64s, state: Int64s) -> None:
    """Count the warnings of the value that was walked: it passes."""
    _add(numbers, state, 1)


@inlined
def uncount_warnings(numbers: Int64s, state: Int64s) -> None:
    """Take back the warnings of the value that was walked last: it passed, and is refused for another reason."""
    _add(numbers, state, -1)
    state[S_PENDING] = 0


@inlined
def _add(numbers: Int64s, state: Int64s, one: int) -> None:
    first, rules = number_at(numbers, N_WARNINGS), number_at(numbers, N_RULES)
    for place in range(state[S_PENDING]):
        state[first + state[first + 2 * rules + place]] += one
