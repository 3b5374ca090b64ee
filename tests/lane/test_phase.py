"""From phase to phase: what may be lost, who is fenced, and how a shard is stopped wherever it stands."""

from collections.abc import Callable

import pytest

from node.lane import Phase, Stop
from node.lane import facts as f
from node.model.limits import STOP_S, TRANSACTION_TIMEOUT_S
from tests.lane.hand import A, B, Hand, batch, kinds, progress


def _backing_off() -> Hand:
    hand = Hand(A)
    hand.tell(f.Lost("away"))
    return hand


def _opened() -> Hand:
    hand = Hand(A)
    hand.tell(f.Opened())
    return hand


def _open_transaction() -> Hand:
    hand = Hand(A).flow()
    hand.fetched(A, batch(0), end=100)
    return hand


def _closing() -> Hand:
    hand = _open_transaction()
    hand.tick()
    return hand


def _recording() -> Hand:
    hand = _open_transaction()
    hand.tick()
    hand.settled(A, 0)
    return hand


def _committing() -> Hand:
    hand = _recording()
    hand.tell(f.Recorded())
    return hand


def _aborting() -> Hand:
    hand = _open_transaction()
    hand.tell(f.TargetFailed(A, None, "refused"))
    return hand


def _given_up() -> Hand:
    hand = _open_transaction()
    hand.tell(f.Fenced())
    return hand


def _closed() -> Hand:
    hand = Hand(A).flow()
    hand.tell(f.Stopping())
    return hand


PHASES: dict[Phase, Callable[[], Hand]] = {
    Phase.RESTING: Hand,
    Phase.BACKING_OFF: _backing_off,
    Phase.OPENING: lambda: Hand(A),
    Phase.RECOVERING: _opened,
    Phase.RUNNING: lambda: Hand(A).flow(),
    Phase.CLOSING: _closing,
    Phase.RECORDING: _recording,
    Phase.COMMITTING: _committing,
    Phase.ABORTING: _aborting,
    Phase.GIVEN_UP: _given_up,
    Phase.CLOSED: _closed,
}
HAS_PRODUCER = [phase for phase in Phase if phase.has_producer]
SILENT = {f.Drop, f.Unfollow, f.Close, f.GiveUp}


def _hand_in(phase: Phase) -> Hand:
    hand = PHASES[phase]()
    assert hand.phase is phase
    return hand


def test_every_phase_is_known() -> None:
    """The cases below cover all phases, and an open shard always has a producer."""
    assert PHASES.keys() == set(Phase)
    assert {phase for phase in Phase if phase.is_open} < set(HAS_PRODUCER)


@pytest.mark.parametrize("phase", HAS_PRODUCER)
def test_a_lost_producer_is_thrown_away_and_opened_again(phase: Phase) -> None:
    """Whatever was under way: Close, a pause, Open."""
    hand = _hand_in(phase)
    assert kinds(hand.tell(f.Lost("away")))[-1] is f.Close
    assert (hand.phase, hand.machine.failure) == (Phase.BACKING_OFF, "away")
    assert kinds(hand.tick()) == [f.Open]


@pytest.mark.parametrize("phase", [phase for phase in Phase if not phase.has_producer])
def test_what_is_not_there_cannot_be_lost(phase: Phase) -> None:
    """Without a producer, Lost and Fenced change nothing."""
    hand = _hand_in(phase)
    assert hand.tell(f.Lost("late"), f.Fenced()) == []
    assert hand.phase is phase


@pytest.mark.parametrize("phase", HAS_PRODUCER)
def test_a_fenced_shard_is_given_up_and_never_taken_again(phase: Phase) -> None:
    """Another owner has it: Close, GiveUp, and nothing but buffers given back from then on."""
    hand = _hand_in(phase)
    assert kinds(hand.tell(f.Fenced()))[-2:] == [f.Close, f.GiveUp]
    assert hand.machine.deadline is None
    hand.now += 3600.0
    late = f.Fetched(A, 1, [batch(9)], 10, 10)
    facts: list[f.Fact] = [
        f.Ticked(),
        f.Opened(),
        f.Recovered({}),
        f.Recorded(),
        f.Committed(),
        f.Aborted(),
        f.Looked(),
        f.Routed(frozenset({A, B})),
        late,
    ]
    assert set(kinds(hand.tell(*facts, f.Stopping()))) <= SILENT


@pytest.mark.parametrize("phase", [Phase.CLOSING, Phase.RECORDING, Phase.COMMITTING, Phase.ABORTING])
def test_a_transaction_that_outlived_its_time_out_was_not_fenced_by_a_rival(phase: Phase) -> None:
    """The coordinator ended it: the shard is opened again."""
    hand = _hand_in(phase)
    hand.now += TRANSACTION_TIMEOUT_S
    assert f.GiveUp not in kinds(hand.tell(f.Fenced()))
    assert kinds(hand.tick()) == [f.Open]


def test_a_new_producer_fenced_at_once_is_fenced_by_a_rival() -> None:
    """The time-out of a former transaction excuses nothing any more."""
    hand = _hand_in(Phase.COMMITTING)
    hand.now += TRANSACTION_TIMEOUT_S
    hand.tell(f.Fenced())
    hand.tick()
    assert f.GiveUp in kinds(hand.tell(f.Fenced()))


@pytest.mark.parametrize(
    ("phase", "answers"),
    [
        (Phase.RESTING, []),
        (Phase.BACKING_OFF, []),
        (Phase.OPENING, []),
        (Phase.RECOVERING, []),
        (Phase.RUNNING, []),
        (Phase.CLOSING, [f.Recorded(), f.Committed()]),
        (Phase.RECORDING, [f.Recorded(), f.Committed()]),
        (Phase.COMMITTING, [f.Committed()]),
        (Phase.ABORTING, [f.Aborted()]),
        (Phase.GIVEN_UP, []),
    ],
)
def test_a_stop_finishes_what_is_open_and_lets_go(phase: Phase, answers: list[f.Fact]) -> None:
    """In every phase Stopping leads to Close, without a new transaction, and nothing is asked for after it."""
    hand = _hand_in(phase)
    orders = hand.tell(f.Stopping())
    if phase is Phase.CLOSING:
        orders += hand.settled(A, 0)
    orders += hand.tell(*answers)
    assert hand.phase is Phase.CLOSED
    assert f.Close in kinds(orders)
    assert not {f.Open, f.Begin, f.Produce} & set(kinds(orders))
    assert hand.machine.deadline is None
    assert set(kinds(hand.tell(f.Ticked(), f.Opened(), f.Routed(frozenset({A, B})), f.Looked()))) <= SILENT


def test_a_stop_in_an_open_transaction_commits_it() -> None:
    """What is sent is awaited and committed; what waits is given back."""
    hand = _open_transaction()
    assert hand.tell(f.Stopping()) == []
    assert kinds(hand.settled(A, 0)) == [f.Record]
    assert kinds(hand.tell(f.Recorded())) == [f.Commit]
    hand.fetched(A, batch(1), end=100)
    assert kinds(hand.tell(f.Committed())) == [f.Drop, f.Unfollow, f.Close]
    assert hand.machine.routes[A].progress is not None


def test_a_stop_whose_transaction_is_lost_does_not_try_again() -> None:
    """Lost in the middle of a stop ends the machine; what was not committed is carried by the next one."""
    hand = _closing()
    hand.tell(f.Stopping())
    assert f.Close in kinds(hand.tell(f.Lost("gone")))
    assert hand.phase is Phase.CLOSED
    assert STOP_S >= TRANSACTION_TIMEOUT_S


def test_a_second_refusal_in_an_abort_sets_its_route_aside_too() -> None:
    """Answers that come while the abort is under way still tell of their routes."""
    hand = Hand(A, B).flow()
    hand.fetched(A, batch(0))
    hand.fetched(B, batch(0))
    hand.tell(f.TargetFailed(A, Stop.TOO_LARGE, ""))
    assert kinds(hand.tell(f.TargetFailed(B, Stop.REFUSED, ""))) == [f.SetAside]
    assert hand.phase is Phase.ABORTING


@pytest.mark.parametrize(("phase", "due"), [(phase, phase is Phase.BACKING_OFF) for phase in Phase])
def test_a_tick_is_asked_for_only_where_time_decides(phase: Phase, due: bool) -> None:  # noqa: FBT001 - a case
    """Back-off asks for one; phases that wait for an answer, and an idle shard, ask for none."""
    assert (_hand_in(phase).machine.deadline is not None) is due


def test_ticks_do_not_spin() -> None:
    """While a transaction is open, a waiting route that is due asks for no tick that could do nothing."""
    hand = Hand(A, B)
    hand.recover({B: progress(3, route=B)})
    hand.inspected(B)
    hand.tell(f.SourceFailed(A, hand.generation(A), None, "no leader"))
    hand.fetched(B, batch(3), end=100)
    hand.now += 0.2
    assert hand.machine.deadline is not None
    assert hand.machine.deadline > hand.now
