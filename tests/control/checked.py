"""What tests of the doctor's findings share."""

from collections.abc import Iterable

from node.control.checkup import Finding


def states(found: Iterable[Finding]) -> list[tuple[str, str]]:
    """What was looked at, and how it is; all that is not well says what to do, in both languages, and nothing else does."""
    listed = list(found)
    for one in listed:
        assert one.en
        assert one.zh
        assert bool(one.do_en) is bool(one.do_zh) is (one.state != "ok")
    return [(one.check, one.state) for one in listed]
