"""What moved on a day, by the progress alone."""

from node.lane import facts as f
from tests.lane.hand import A, Hand, batch


def test_a_day_has_what_was_committed_on_it() -> None:
    """From the progress alone, so that a restart forgets nothing: figures of a day before are gone with the first commit after midnight."""
    hand = Hand(A).flow()
    hand.tell(f.Ticked("2026-11-25"))
    hand.carried(A, 0, 0)
    hand.carried(A, 1, 1)
    first = hand.machine.routes[A].progress
    assert first is not None
    assert (first.day, first.targets[A.topic].day_records, first.targets[A.topic].day_bytes) == ("2026-11-25", 2, 200)
    again = Hand(A)
    again.tell(f.Ticked("2026-11-25"))
    again.flow({A: first}).carried(A, 2, 2)
    again.fetched(A, batch(3))
    again.settled(A, 3)
    again.tell(f.Ticked("2026-11-26"))  # what is recorded already was of the day before
    again.committed()
    (moved,) = [state.progress for state in again.machine.routes.values()]
    assert moved is not None
    assert (moved.day, moved.targets[A.topic].day_records, moved.records - first.records) == ("2026-11-25", 4, 2)
    again.carried(A, 4, 4)
    last = again.machine.routes[A].progress
    assert last is not None
    assert (last.day, last.targets[A.topic].day_records, last.targets[A.topic].day_bytes, last.targets[A.topic].records) == (
        "2026-11-26",
        1,
        100,
        5,
    )
