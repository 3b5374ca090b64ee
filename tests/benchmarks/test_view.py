"""Answers for benchmarks/view.py."""

from benchmarks.view import CASES, GOALS, Sizes
from benchmarks.view_cases import SIDES

_SIZES = Sizes(records=3000, peer_records=700, rounds=1)


def test_each_row_has_a_goal_and_two_sides_that_read_what_is_written_for_them() -> None:
    """What a process is told by its arguments must be what its records are counted by."""
    assert CASES.keys() == GOALS.keys()
    for name, (side, make) in CASES.items():
        source = SIDES[side].source
        case = make(source.content(500), _SIZES)
        ours, peer = case.works
        assert case.id == name
        assert case.sources[source.topic] == ours.read == _SIZES.records
        assert peer.read in case.sources.values()
        assert all(0.1 < work.total / len(work.written) / work.read < 0.4 for work in case.works)
        assert ours.arguments[0] == side


def test_ours_is_measured_against_less_of_the_same() -> None:
    """Ten views against the first of them, 500 takers against one of them; the source is the same."""
    content = SIDES["ten"].source.content(500)
    ten, one = CASES["view-ten"][1](content, _SIZES).works
    assert (len(ten.written), len(one.written)) == (10, 1)
    assert one.written.items() < ten.written.items()
    assert (ten.arguments[:3], one.arguments[:3]) == (("ten", "10", "1"), ("ten", "1", "1"))
    many, single = CASES["view-grants"][1](content, _SIZES).works
    assert many.written == single.written
    assert (many.arguments[:3], single.arguments[:3]) == (("grants", "1", "500"), ("grants", "1", "1"))


def test_the_loop_writes_a_topic_of_its_own() -> None:
    """It reads fewer records, so what stands in its view is another number."""
    ours, peer = CASES["view-flat"][1](SIDES["flat"].source.content(500), _SIZES).works
    (view,), (other,) = ours.written, peer.written
    assert peer.arguments == ("flat", other.rpartition(".")[0], other)
    assert view != other
