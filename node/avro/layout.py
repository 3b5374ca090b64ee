"""The numbers that compiler and kernel agree on: rows of a program, its tables, the state of a walk, verdicts.

A program is four kinds of rows in three arrays. `rows` (int32) holds what to read, one row of ROW_WIDTH for each leaf or turn;
`numbers` (int64) a header, jump tables, rules and sets; `text` (uint8) the constants' bytes. The state of a walk is one int64 array:
where it failed, the cells of open arrays, the slots of leaves that rules need later, the warnings of each rule.
All are plain integers, frozen into the compiled kernel: a change here makes its cache stale (see `node.avro.jit`).
"""

# Columns of a row. SLOT and the cells in B are places in the state, rows are places in `rows`: nothing is multiplied while walking.
OP, FLAGS, A, B, NULL_INDEX, NULL_RULE, NULL_TO, SLOT, RULES_FROM, RULES_TO, FIELD = range(11)
LEAST = NULL_INDEX
ROW_WIDTH = 11

# Operations that read a leaf and may carry rules and a slot. A: bytes of float, double and fixed, symbols of an enum.
NOTHING, BOOLEAN, INT, LONG, FLOAT, DOUBLE, BYTES, STRING, FIXED, ENUM = range(10)
COUNT = 10
"""how many items the array before it had: B its cell, no bytes are read"""
LEAF_LAST = COUNT
# Operations that turn.
UNION = 11
"""A branches, whose rows stand at B in `numbers`"""
JUMP = 12
"""to the row A"""
OPEN = 13
"""an array or map begins: the count in cell B is cleared"""
BLOCK = 14
"""a block of items begins or, with none, the array ends: A the row after it, B its cell, LEAST an item's least bytes"""
LOOP = 15
"""an item ended: A the row of BLOCK, B its cell"""
END = 16

F_NULLABLE = 1
"""before the leaf stands the branch of a union with null, at NULL_INDEX in it: null goes to NULL_TO, if the rule row NULL_RULE (or -1) lets it;
NOTHING stands so before a record, array or map that may be null"""
F_RULES = 2
"""the rule rows from RULES_FROM to RULES_TO hold"""
F_SLOT = 4
"""the leaf is kept in the slot SLOT"""
F_CUT = 8
"""a cut for views stands before the row, before a nullable leaf's branch too: the walk notes that it came here; in any row, also one that turns"""
CUT = RULES_FROM
"""of a row with F_CUT, the number of its cut: programs that cut have no rules"""

# A cell of an open array: items left in the block, where the block must end (-1: not said), items so far.
CELL_LEFT, CELL_END, CELL_COUNT, CELL_WORDS = 0, 1, 2, 3
# A slot: 1 when the leaf is there, else 0; number (float bits, enum index, 0 or 1); place and length of its bytes in the buffer.
SLOT_THERE, SLOT_VALUE, SLOT_OFFSET, SLOT_LENGTH, SLOT_WORDS = 0, 1, 2, 3, 4

# The state: where a walk failed, then its cells, then slots, then three words for each rule (see `kernel_warnings`).
S_FIELD, S_RULE, S_OFFSET, S_SERIAL, S_PENDING = range(5)
S_CELLS = 8
DEPTH_MAX = 16
"""Arrays and maps within each other. Each level multiplies nothing: a value's bytes bound the items of all levels together."""
S_SLOTS = S_CELLS + CELL_WORDS * DEPTH_MAX

# The header of `numbers`.
N_SLOTS, N_RULES, N_WARNINGS, N_KEY, N_KEY_PARTS, N_RECORD_RULES, N_RECORD_RULES_END = range(7)
N_HEADER = 7

# A rule row in `numbers`: what to test, the rule's id (-1: the logical type's own form), whether it only warns, two operands.
RULE_OP, RULE_ID, RULE_WARNS, RULE_X, RULE_Y, RULE_WIDTH = 0, 1, 2, 3, 4, 5
(
    R_NEVER,
    R_RANGE,
    R_REALS,
    R_DECIMAL,
    R_CHARACTERS,
    R_BYTES,
    R_TEXTS,
    R_NUMBERS,
    R_PREFIX,
    R_DIGITS,
    R_RESIDENT,
    R_CREDIT,
    R_DIVISION,
    R_PHONE,
    R_UUID,
    R_NOT_FUTURE,
) = range(16)

# A part of a record's key in `numbers`: kind, slot, and for an enum the place of its symbols (offset and length of each in `text`).
KEY_KIND, KEY_SLOT, KEY_SYMBOLS, KEY_WIDTH = 0, 1, 2, 3
KEY_TEXT, KEY_NUMBER, KEY_DATE, KEY_ENUM, KEY_UUID = range(5)
KEY_SEPARATOR = 0x1F

T_CREDIT = 0
"""`text` begins with 256 bytes: the value of each character in a unified social credit code, 255 where it may not stand."""

# Verdicts of a walk.
OK = 0
(
    E_TRUNCATED,
    E_VARINT,
    E_INT,
    E_LENGTH,
    E_UTF8,
    E_BOOLEAN,
    E_ENUM,
    E_UNION,
    E_BLOCK,
    E_TRAILING,
    E_ITEMS,
    E_LOGICAL,
    E_RULE,
) = range(1, 14)

# Units of dates and moments, by what one of them lasts in microseconds; a local one has no zone and is read as China's.
DAY_MS = 86_400_000
CHINA_MS = 8 * 3_600_000
"""China keeps UTC+8 all year: its date is what "today" means."""
ZERO_ITEMS_MAX = 4096
"""Items of no bytes (null, empty records) in one value: more would cost time without bound for bytes that never came."""

RECORD_TEST, RECORD_WIDTH = 3, 4
"""A rule across fields in `numbers`: as in a rule row its id and whether it only warns, then the place of its first test row."""
# A test row: what to compare, with which outcomes it is true, the left slot, two operands, and the row that follows where it is true, false,
# or an error; negative: the whole expression is.
TEST_OP, TEST_MASK, TEST_LEFT, TEST_X, TEST_Y, TEST_TRUE, TEST_FALSE, TEST_ERROR, TEST_WIDTH = range(9)
IS_TRUE, IS_FALSE, IS_ERROR = -1, -2, -3
LESS, EQUAL, GREATER, APART = 1, 2, 4, 8
"""What two values can be to each other, as bits; APART: there is no order, for one is null or no number."""
UNEQUAL = LESS | GREATER | APART
NEEDED = 16
"""null is an error here, not merely unequal"""
T_NUMBERS, T_REALS, T_DECIMALS, T_TEXTS = range(4)
"""with the slot X; where units differ (milliseconds, microseconds) the left is multiplied by Y if that is positive, else the right by -Y"""
T_PAIR_LAST = T_TEXTS
T_NULL, T_NUMBER, T_REAL, T_DECIMAL, T_TEXT, T_CHARACTERS, T_BYTES, T_STARTS, T_AMONG_NUMBERS, T_AMONG_TEXTS = range(4, 14)
"""with a constant: a number or a double's bits X, a text at X of Y bytes, a set at X; of T_NULL the slot alone counts"""

# Cuts: what a walk notes at each, and what a view does there.
CUT_BITS = 12
"""An event is the place in the buffer, then so many bits of the cut's number: a program has fewer rows than they count."""
EVENTS_FULL = -1
"""What a walk that cuts says where there is no room for its events; verdicts other than OK follow: -1 - verdict."""
# An action of a view, one for each cut: what it does until the next one, the index of null where the leaf may be null (else -1), two operands.
ACTION_OP, ACTION_NULL, ACTION_X, ACTION_Y, ACTION_WIDTH = 0, 1, 2, 3, 4
A_DROP, A_KEEP = range(2)
"""leave out, or copy, all bytes until the next cut"""
A_RECOUNT = 2
"""the head of a block of items of which a part is kept: its count, without the size in bytes that was its own"""
A_HIDE = 3
"""null, the branch X of the view's union"""
(
    A_FIRST,
    A_LAST,
    A_HMAC_TEXT,
    A_HMAC_UUID,
    A_HMAC_NUMBER,
    A_YEAR,
    A_ROUND,
    A_ROUND_FLOAT,
    A_ROUND_DOUBLE,
    A_ROUND_DECIMAL,
) = range(4, 14)
"""masks of `node.avro.selection`. X: characters kept, units of a day, or what a multiple is of; Y of a year: the units that China is ahead"""
EVENT_BYTES_MAX = 34
"""How much longer than what it stands for an action's output can be: 32 digits, their length and a branch, for a text of no bytes."""

# The words of an HMAC's secret: the hash's state after the inner and after the outer block of the key (RFC 2104), then SHA-256's constants.
H_INNER, H_OUTER, H_ROUNDS, H_WORDS = 0, 8, 16, 80
