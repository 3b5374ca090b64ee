"""Answers for node/avro/selection.py."""

import pytest

from node.avro.selection import Kept, Mask, Selection, kept, read_mask, within


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("hide", Mask("hide")),
        ("hmac", Mask("hmac")),
        ("year", Mask("year")),
        ("keep-first:1", Mask("keep-first", 1)),
        ("keep-last:0", Mask("keep-last", 0)),
        ("round", Mask("round", 1)),
        ("round:1000000000000", Mask("round", 10**12)),
    ],
)
def test_a_mask_is_read(text: str, mask: Mask) -> None:
    """As a grant writes it; what is rounded without a number is rounded to whole ones."""
    assert read_mask(text) == mask


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is no mask: it is one of hide, keep-first:n"),
        ("Hide", "'Hide' is no mask"),
        ("hide:", "hide takes no number"),
        ("year:2", "year takes no number"),
        ("keep-first", "keep-first takes a number, such as keep-first:1"),
        ("keep-last:", "from 0 to 1000000000000"),
        ("keep-last:-1", "from 0 to 1000000000000"),
        ("keep-last:1.5", "from 0 to 1000000000000"),
        ("keep-last: 1", "from 0 to 1000000000000"),
        ("keep-first:１", "from 0 to 1000000000000"),
        ("keep-first:1:2", "from 0 to 1000000000000"),
        ("round:0", "the number of round is a whole one from 1"),
        ("round:1000000000001", "from 1 to 1000000000000"),
        ("round:" + "9" * 5000, "from 1 to 1000000000000"),
    ],
)
def test_what_is_no_mask_says_what_is(text: str, said: str) -> None:
    """Digits are ASCII's, and few enough to be read."""
    with pytest.raises(ValueError, match=said):
        read_mask(text)


@pytest.mark.parametrize(
    ("path", "outer", "found"),
    [
        ("a", "", True),
        ("", "", True),
        ("", "a", False),
        ("a", "a", True),
        ("ab", "a", False),
        ("a.b", "a", True),
        ("a[]", "a", True),
        ("a{}.b", "a", True),
        ("a|1", "a", True),
        ("a", "a.b", False),
        ("b.a", "a", False),
    ],
)
def test_a_path_lies_within_another(path: str, outer: str, found: bool) -> None:  # noqa: FBT001
    """By its steps, not by its letters."""
    assert within(path, outer) is found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", Kept.PART),
        ("id", Kept.WHOLE),
        ("name", Kept.MASKED),
        ("holder", Kept.PART),
        ("holder.street", Kept.WHOLE),
        ("holder.street.x", Kept.WHOLE),
        ("holder.born", Kept.NONE),
        ("tags", Kept.PART),
        ("tags[]", Kept.PART),
        ("tags[].a", Kept.MASKED),
        ("tags[].a|1", Kept.MASKED),
        ("tags[].b", Kept.WHOLE),
        ("idx", Kept.NONE),
        ("secret", Kept.NONE),
        ("secret.a", Kept.NONE),
    ],
)
def test_of_a_place_so_much_is_kept(path: str, found: Kept) -> None:
    """What is named with all below it, what lies above it in part; a mask grants nothing by itself."""
    selection = Selection(fields=("id", "name", "holder.street", "tags"), masks={"name": "hide", "tags[].a": "hmac", "secret": "hide"})
    assert kept(selection, path) is found


def test_without_fields_all_is_granted() -> None:
    """But for what is masked."""
    selection = Selection(masks={"holder.name": "hide"})
    assert [kept(selection, path) for path in ("", "id", "holder", "holder.name")] == [Kept.PART, Kept.WHOLE, Kept.PART, Kept.MASKED]
    assert kept(Selection(), "") is Kept.WHOLE
    assert kept(Selection(fields=()), "id") is Kept.NONE
