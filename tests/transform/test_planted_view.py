"""The battery of views can fail: each of these bugs, planted in their source, makes them say something else than plain Python does."""

import hmac
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from aiokafka.errors import KafkaError

from node.errors import BatchError
from node.transform import Made
from node.transform.view import ViewSpec
from tests.transform import cutting, running
from tests.transform.cutting import gone, row, spec, topic
from tests.transform.planted_view import planted
from tests.transform.test_view import SEED, got
from tests.transform.wire import Row, batch, body, opened, rows, section, write

SEEDS = 8

BUGS = [
    ("kernel_record", "attributes are not looked at", "if load8(data, body) != 0:", "if False:"),
    ("kernel_record", "a length forgets the attributes", "put_long(out, at, 1 + size_of", "put_long(out, at, size_of"),
    ("kernel_record", "numbers take one byte", "        size += 1\n", "        pass\n"),
    ("kernel_shown", "all keys are one", "return found if found != _EMPTY else 1", "return 1"),
    ("kernel_shown", "tombstones are not learned", "keys.seed), value_length >= 0)", "keys.seed), True)"),
    ("kernel_shown", "changes are not noted", "        keys.counts[COUNT_CHANGES] += 1\n", ""),
    (
        "kernel_shown",
        "only what came is undone",
        "        _toggle(keys.seats, seat, key)\n    keys.counts[COUNT_CHANGES] = first",
        "        if keys.seats[seat] == key:\n            _toggle(keys.seats, seat, key)\n    keys.counts[COUNT_CHANGES] = first",
    ),
    ("shown", "what was recorded is not kept", "kernel.undo(self.keys, 0 if at == self.at else done)", "kernel.undo(self.keys, 0)"),
    ("shown", "nothing is undone", "        kernel.undo(self.keys, 0 if at == self.at else done)\n", ""),
    ("shown", "what is committed is undone later", "        counts[kernel.COUNT_CHANGES] = left\n        self.at", "        self.at"),
    ("kernel_view", "offsets may go back", "offset <= place[PLACE_OFFSET] or ", ""),
    ("kernel_view", "offsets may go beyond", " or offset > last:", ":"),
    ("kernel_view", "the magic byte is not looked at", " or load8(data, value) != 0", ""),
    ("kernel_view", "a schema's id is three bytes", "load8(data, at) << 24 | ", ""),
    ("kernel_view", "every schema will do", " or _big(data, value + 1) != number:", ":"),
    ("kernel_view", "an answer that is an error is yes", "== layout.IS_TRUE", "!= layout.IS_FALSE"),
    ("kernel_view", "the last view's rows are all views'", "wanted = wanted or there", "wanted = there"),
    ("kernel_view", "a value is cut by another version", " or heads[head + HEAD_SCHEMA] != schema:", ":"),
    (
        "kernel_view",
        "frames are the resource's",
        "copy_bytes(work, at, frame, 0, FRAME_BYTES)",
        "copy_bytes(work, at, data, heads[head + HEAD_VALUE], FRAME_BYTES)",
    ),
    (
        "kernel_view",
        "who left without being shown is told",
        "            if not there and not is_there(keys.seats, known):\n                continue\n",
        "",
    ),
    ("kernel_view", "who left stays shown", "put_key(keys, known, there)", "put_key(keys, known, True)"),
    ("kernel_view", "nobody is shown", "            put_key(keys, known, there)\n", "            pass\n"),
    ("kernel_view", "deletes end", "unknown = tombstones != TOMBSTONES_PASS and (key_length", "unknown = (key_length"),
    ("kernel_view", "a memory that has no key forgets all", "or keys.counts[COUNT_KEYS] == 0)", "or True)"),
    (
        "kernel_view",
        "keys are not hidden",
        "            if hidden:\n                copy_bytes(out, at, digits, key, key_length)\n",
        "            if False:\n                pass\n",
    ),
    (
        "kernel_view",
        "keys of tombstones are not hidden",
        "if key_length < 0 or not (every or inside[record]):",
        "if key_length < 0 or not inside[record]:",
    ),
    ("kernel_view", "the last few keys are not hidden", "    if filled:\n        put_hmacs", "    if False:\n        put_hmacs"),
    ("kernel_view", "long keys are hidden by their beginning", "if key_length > MESSAGE_BYTES_MAX:", "if False:"),
    (
        "kernel_view",
        "hidden keys are remembered as they were",
        "known = hash_of(digits, key, key + key_length, keys.seed) if hidden else hash_of(data, key, key + key_length, keys.seed)",
        "known = hash_of(data, heads[head + HEAD_KEY], heads[head + HEAD_KEY] + heads[head + HEAD_KEY_LENGTH], keys.seed)",
    ),
    ("kernel_view", "no batch is ever full", "(written[PUT_COUNT] > 0 and at + HEAD_BYTES + size > most) or ", ""),
    ("kernel_view", "times start from the batch", "timestamp - written[PUT_FIRST]", "timestamp"),
    ("kernel_view", "the greatest time is the last", "max(written[PUT_LATEST], timestamp)", "timestamp"),
    ("kernel_view", "records are not numbered", "written[PUT_COUNT] = number + 1", "written[PUT_COUNT] = 1"),
    ("view", "what the chunk before said still holds", "        bench.inside[:, :count] = 0\n", ""),
    (
        "view",
        "the newest schema alone",
        "            if before == values:\n                break\n",
        "            if version:\n                break\n",
    ),
    ("view", "an unknown schema is passed over", "if bench.looked[kernel.LOOK_WALKED] < values:", "if False:"),
    ("view", "facts may be taken back", "if values < count and not self.is_state:", "if False:"),
    ("view", "bytes may be left", "if not left and bench.place[kernel.PLACE_AT] != len(data):", "if False:"),
    ("view", "keys are hidden by the field's secret", '_derived(spec.secret, b"key")', '_derived(spec.secret, b"field")'),
    ("view", "fields are hidden by the view's secret", '_derived(spec.secret, b"field")', "spec.secret"),
    ("view", "a view from now on remembers nothing", "bool(spec.selection.rows or spec.from_now)", "bool(spec.selection.rows)"),
    (
        "view",
        "without a memory deletes pass",
        "self._tombstones = kernel.TOMBSTONES_END if shown is None and",
        "self._tombstones = kernel.TOMBSTONES_PASS if shown is None and",
    ),
    (
        "view",
        "what came last is not written",
        "        if self._written[kernel.PUT_COUNT]:\n            self._finish()\n        WRITTEN.give(self._out)\n        return tuple",
        "        return tuple",
    ),
    ("view", "a chunk of deletes is passed over", "if not entering and not self._takes_back(chunk):", "if not entering:"),
    (
        "view",
        "views are taken by their place in the call",
        "numbers = [one.view.number for one in outputs]",
        "numbers = [*range(len(outputs))]",
    ),
    ("view", "the codec is the broker's", "if raw.header.count), NONE)", "if not raw.header.count), NONE)"),
]
"""Module, name, right, wrong."""


def _says(make: Callable[..., Made], expected: list[tuple[bytes | None, bool]], *raws: Any, **more: Any) -> bool:
    return [(one.key, one.value is None) for one in got(make(*raws, **more))] == expected


def _special(module: Any) -> bool:
    """Tell whether what chance seldom makes is right."""
    specs = [spec(0, rows="age >= 18"), spec(1), spec(2, rows="age < 18")]
    views = cutting.opened_views(*specs)
    facts = cutting.opened_views(*specs, is_state=False)

    def make(*raws: Any, number: int = 0, of: Any = views, shown: Any = None) -> Made:
        made: Made = of.make(0, raws, 0, {topic(number): shown})[topic(number)]
        return made

    def refused(*raws: Any, **more: Any) -> bool:
        try:
            make(*raws, **more)
        except BatchError:
            return True
        return False

    fine, bare = body(0, row("a")), Row(0, b"k", b"\0\0\0\0")
    old = row("a", next(iter(cutting.VERSIONS)))
    wrongs = [
        write(batch(section([fine, fine]), 2)),
        write(batch(section([body(3, row("a"))]), 1)),
        write(batch(section([fine]) + b"\0", 1)),
        write(batch(section([b"\1" + fine[1:]]), 1)),
        rows([bare]),
        rows([msgspec.structs.replace(old, value=b"\1" + (old.value or b"")[1:])]),
        rows([msgspec.structs.replace(old, value=b"\0\1" + (old.value or b"")[2:])]),
        rows([msgspec.structs.replace(old, value=b"\0\0\0\0\7" + (old.value or b"")[5:])]),
    ]
    again = module.Shown(SEED)
    again.learn(rows([row("a"), row("b"), gone("a")]))
    again.opened(0)
    small = cutting.opened_views(spec(1), batch_bytes_max=500)
    held = cutting.opened_views(spec(0, rows="age >= 18"))
    hiding = cutting.opened_views(spec(1, fields=("age",)))
    secret, long = hmac.digest(cutting.SECRET[:31] + b"\1", b"key", "sha256"), [b"k" * length for length in (55, 56, 64)]
    digits: list[tuple[bytes | None, bool]] = [(hmac.digest(secret, key, "sha256")[:16].hex().encode(), False) for key in long]
    (one,) = make(rows([row("a", at=9), row("b"), row("c", at=-9)], codec=3), number=1).writes
    return (
        all(refused(raw) for raw in wrongs)
        and refused(rows([gone("a")]), of=facts)
        and refused(write(batch(section([fine]), 2**31 - 1)))
        and _says(make, [(b"b", True)], rows([gone("a"), gone("b"), gone("b")]), of=held, shown=again)
        and _says(make, [(b"a", False)], rows([row("a"), gone("a")]))
        and [stamp.timestamp for stamp in opened(one)] == [row("x").timestamp + at for at in (9, 0, -9)]
        and one.header.codec == 3
        and _says(make, [(b"b", False)], rows([row("a"), row("b", age=1)]), number=2)
        and _says(make, digits, rows([Row(0, key, row("a").value) for key in long]), number=1, of=hiding)
        and [each.header.count for each in make(rows([row(f"{at}") for at in range(7)]), number=1, of=small).writes] == [4, 3]
    )


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Let the battery open its views by another module."""

    def use(module: Any) -> None:
        def opened(*, views: list[ViewSpec], **more: Any) -> Any:
            return module.open_views(views=views, **more)

        monkeypatch.setattr(cutting, "open_views", opened)

    return use


def _agrees(module: Any) -> bool:
    try:
        return _special(module) and all(running.run(seed) for seed in range(SEEDS))
    except (AssertionError, IndexError, ValueError, KeyError, BatchError, OverflowError, EOFError, MemoryError, KafkaError):
        return False


def test_run_by_python_views_are_what_they_are_compiled(opening: Callable[[Any], None]) -> None:
    """So a bug that shows here would show there."""
    with planted() as module:
        opening(module)
        assert _special(module)
        assert all(running.run(seed) for seed in range(SEEDS))


@pytest.mark.parametrize(("where", "name", "right", "wrong"), BUGS, ids=[name for _where, name, *_ in BUGS])
def test_a_bug_in_views_is_caught(where: str, name: str, right: str, wrong: str, opening: Callable[[Any], None]) -> None:
    """The battery tells the views with the bug from those without."""
    with planted(where, right, wrong) as module:
        opening(module)
        assert not _agrees(module), name
