"""Answers for node/transform/shown.py: the keys are those that the view has shown, whatever becomes of transactions."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from node.errors import BatchError
from node.transform.shown import Shown
from tests.avro.ruling import NOW_MS
from tests.transform.wire import CODECS, Row, batch, body, rows, section, write

SEED = bytes(range(16))
_KEYS = [b"", b"1", b"22", "张三".encode(), b"x" * 7, b"x" * 8, b"x" * 9, *(b"%d" % number for number in range(100, 150))]


def _row(key: bytes | None, value: bytes | None = b"v") -> Row:
    return Row(NOW_MS, key, value)


@pytest.mark.parametrize("codec", CODECS)
def test_keys_are_learned_from_the_view_itself(codec: int) -> None:
    """A record shows its key, a tombstone takes it back, the last word counts; what has no key says nothing."""
    shown = Shown(SEED)
    shown.learn(rows([_row(b"a"), _row(b"b"), _row(None), _row(b"a", None), _row(b"", b"")], codec=codec))
    shown.learn(rows([_row(b"b", None), _row(b"b"), _row(b"c", None)], codec=codec))
    shown.opened(7)
    assert [key in shown for key in (b"a", b"b", b"", b"c")] == [False, True, True, False]
    assert (len(shown), shown.at) == (2, 7)
    assert shown.resume(7)
    assert len(shown) == 2


def test_batches_of_a_compacted_log_are_learned() -> None:
    """Their offsets have holes."""
    shown = Shown(SEED)
    shown.learn(write(batch(section(body(number, _row(b"%d" % number)) for number in (3, 7, 8)), 3)))
    assert [b"%d" % number in shown for number in (3, 7, 8, 4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"", 1),
        (section([body(0, _row(b"a"))]), 2),
        (section([body(0, _row(b"a"))]) + b"\0", 1),
        (section([body(0, _row(b"a"))]) * 2, 1),
        (section([b"\1" + body(0, _row(b"a"))[1:]]), 1),
        (section([b"\0\0\0\x7f"]), 1),
        (section([body(0, _row(b"a"))])[:-4], 1),
        (section([body(0, _row(b"a"))]), 2**31 - 1),
    ],
)
def test_what_cannot_be_read_is_not_learned(content: bytes, count: int) -> None:
    """It can come from no node of ours, and nobody is told that it was."""
    with pytest.raises(BatchError):
        Shown(SEED).learn(write(batch(content, count)))


def test_an_offset_that_it_never_held_for_is_told() -> None:
    """Then it is empty, and all is to be learned anew."""
    shown = Shown(SEED)
    assert not shown.resume(5)
    shown.learn(rows([_row(b"a")]))
    shown.opened(5)
    shown.put(b"b", there=True)
    assert not shown.resume(6)
    assert (len(shown), shown.at, b"a" in shown) == (0, -1, False)
    shown.learn(rows([_row(b"c")]))
    shown.opened(6)
    assert shown.resume(6)
    assert b"c" in shown


def test_what_was_made_behind_the_record_is_undone_with_it() -> None:
    """Whether its commit took place or not: the next transaction never did."""
    for at, expected in ((5, [b"a"]), (9, [b"a", b"b"])):
        shown = Shown(SEED)
        shown.learn(rows([_row(b"a")]))
        shown.opened(5)
        shown.put(b"b", there=True)
        shown.recorded(9)
        shown.put(b"c", there=True)
        shown.put(b"a", there=False)
        assert shown.resume(at)
        assert [key for key in (b"a", b"b", b"c") if key in shown] == expected


class _Lane(RuleBasedStateMachine):
    """A lane that makes, commits, fails and comes back, beside sets that Python keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.shown, self.now, self.committed = Shown(SEED), set[bytes](), set[bytes]()
        self.at = self.made = 0
        self.recorded: tuple[int, set[bytes]] | None = None
        self.shown.opened(0)

    @rule(changes=st.lists(st.tuples(st.sampled_from(_KEYS), st.booleans()), min_size=1, max_size=60))
    def makes(self, changes: list[tuple[bytes, bool]]) -> None:
        """Some keys are shown, some taken back."""
        for key, there in changes:
            assert self.shown.put(key, there=there) == (key in self.now)
            (self.now.add if there else self.now.discard)(key)
        self.made += 1

    @precondition(lambda self: self.recorded is None and self.made > self.at)
    @rule()
    def records(self) -> None:
        """The open transaction's record is written."""
        self.shown.recorded(self.made)
        self.recorded = self.made, set(self.now)

    @precondition(lambda self: self.recorded is not None)
    @rule()
    def commits(self) -> None:
        """The answer comes; what was made meanwhile is of the next transaction."""
        self._committed()
        self.shown.confirm(self.at)

    @precondition(lambda self: self.recorded is not None)
    @rule()
    def commits_and_the_answer_is_lost(self) -> None:
        """The progress tells of it later."""
        self._committed()
        self.aborts()

    @rule()
    def aborts(self) -> None:
        """All since the last commit is forgotten."""
        assert self.shown.resume(self.at)
        self._forgotten()

    @rule()
    def loses_its_place(self) -> None:
        """Another owner has gone on: all is learned anew."""
        self.at += 1000
        assert not self.shown.resume(self.at)
        if self.committed:
            self.shown.learn(rows([_row(key) for key in sorted(self.committed)]))
        self.shown.opened(self.at)
        self._forgotten()

    def _committed(self) -> None:
        assert self.recorded is not None
        (self.at, self.committed), self.recorded = self.recorded, None

    def _forgotten(self) -> None:
        self.now, self.recorded, self.made = set(self.committed), None, self.at

    @invariant()
    def holds(self) -> None:
        """It is the set that Python keeps."""
        assert len(self.shown) == len(self.now)
        assert {key for key in _KEYS if key in self.shown} == self.now
        assert self.shown.at == self.at


_Lane.TestCase.settings = settings(
    max_examples=80, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
TestLane = _Lane.TestCase


def test_the_journal_is_as_long_as_a_transaction() -> None:
    """What is committed cannot be undone, and is not remembered."""
    shown = Shown(SEED)
    shown.opened(0)
    for at in range(1, 300):
        for key in _KEYS[:50]:
            shown.put(key, there=bool(at % 2))
        shown.recorded(at)
        shown.confirm(at)
    assert len(shown.keys.changes) <= 128


def test_a_key_takes_eight_bytes_at_a_load_of_a_third_to_seven_tenths() -> None:
    """However many there are, and however few remain."""
    shown = Shown(SEED)
    shown.opened(0)
    for number in range(20_000):
        shown.put(b"%d" % number, there=True)
    assert 0.34 < len(shown) / len(shown.keys.seats) <= 0.7
    for number in range(20_000):
        shown.put(b"%d" % number, there=False)
    assert len(shown) == 0
    assert not shown.keys.seats.any()


def test_takers_of_two_views_learn_nothing_from_hashes() -> None:
    """Under another seed a key has another hash."""
    one, two = Shown(SEED), Shown(bytes(16))
    for shown in (one, two):
        shown.put(b"a", there=True)
    assert one.keys.seats.max() != two.keys.seats.max()
