"""Answers for node/runtime/invitations.py: an invitation counts once, for one child, for a while, and nobody reads its secret on disk."""

import stat
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from node.errors import CommandRefused
from node.model.names import Division
from node.model.values import Actor
from node.runtime import invitations as module
from node.runtime.invitations import GIVEN_MAX, INVITATIONS, Given, Invitations

BY = Actor(name="林海", role="operator")
CHILD, OTHER = Division("445102"), Division("445103")
NOW, HOUR_S = 1_795_668_000.0, 3600.0


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The module's clock, which stands at `now`."""
    stands = SimpleNamespace(now=NOW)
    stands.time = lambda: stands.now
    monkeypatch.setattr(module, "time", stands)
    return stands


def refused(folder: Path, secret: str, child: str = CHILD) -> str:
    """Return by which code an invitation is refused."""
    with pytest.raises(CommandRefused) as told:
        Invitations(folder).use(secret, child)
    assert secret not in f"{told.value.en}{told.value.zh}" or not secret
    return told.value.code


def kept(folder: Path) -> list[Given]:
    """What stands in the file."""
    return msgspec.json.decode((folder / INVITATIONS).read_bytes(), type=list[Given])


def test_an_invitation_counts_once(tmp_path: Path) -> None:
    """It says for whom it was and who gave it; a second use is told apart from one that never was. Others are not touched."""
    given = Invitations(tmp_path)
    (secret, until), (other, _until) = given.give(CHILD, BY, 24.0), given.give(OTHER, BY, 24.0)
    assert until == NOW + 24 * HOUR_S
    assert given.find(secret) == given.find(secret), "to look for it uses nothing up"
    used = given.use(secret, CHILD)
    assert (used.child, used.by, used.until) == (CHILD, BY, until)
    assert refused(tmp_path, secret) == "invitation-used"
    assert given.use(other, OTHER).child == OTHER


@pytest.mark.parametrize(("later_s", "counts"), [(HOUR_S - 1, True), (HOUR_S, True), (HOUR_S + 1, False)])
def test_an_invitation_ends(tmp_path: Path, clock: SimpleNamespace, later_s: float, counts: bool) -> None:  # noqa: FBT001 - a case
    """When it was said to, and not before."""
    secret, _until = Invitations(tmp_path).give(CHILD, BY, 1.0)
    clock.now = NOW + later_s
    if counts:
        assert Invitations(tmp_path).use(secret, CHILD).child == CHILD
    else:
        assert refused(tmp_path, secret) == "invitation-ended"


def test_an_invitation_is_for_one_child(tmp_path: Path) -> None:
    """Another's attempt does not use it up."""
    secret, _until = Invitations(tmp_path).give(CHILD, BY, 1.0)
    assert refused(tmp_path, secret, OTHER) == "not-invited"
    assert Invitations(tmp_path).use(secret, CHILD).child == CHILD


def test_what_nobody_gave_is_refused(tmp_path: Path) -> None:
    """Also a part of a secret, its hash, what is no text that could be sent, and all of it before there is a file."""
    assert refused(tmp_path, "") == "no-invitation"
    secret, _until = Invitations(tmp_path).give(CHILD, BY, 1.0)
    for wrong in ("", secret[:-1], f"{secret}x", kept(tmp_path)[0].sha256, "\udcff"):
        assert refused(tmp_path, wrong) == "no-invitation"


def test_a_secret_is_kept_as_its_hash_alone(tmp_path: Path) -> None:
    """256 bits, each time others; in a file for the node's eyes alone, also after one was used."""
    given = Invitations(tmp_path / "data")
    secrets = [given.give(CHILD, BY, 1.0)[0] for _ in range(3)]
    given.use(secrets[0], CHILD)
    assert [len(secret) for secret in secrets] == [43] * 3
    text = (tmp_path / "data" / INVITATIONS).read_text("utf-8")
    assert [secret for secret in secrets if secret in text] == []
    assert len({one.sha256 for one in kept(tmp_path / "data")}) == 3
    assert stat.S_IMODE((tmp_path / "data" / INVITATIONS).stat().st_mode) == 0o600


def test_what_was_given_and_used_outlives_a_restart(tmp_path: Path) -> None:
    """Neither is an invitation lost by one, nor does one count again."""
    before = Invitations(tmp_path)
    used, unused = (before.give(CHILD, BY, 1.0)[0] for _ in range(2))
    before.use(used, CHILD)
    assert refused(tmp_path, used) == "invitation-used"
    assert Invitations(tmp_path).use(unused, CHILD).child == CHILD


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'[{"child": 1}]', b"{}", b'[{"child": "\xff"}]', None],
    ids=["empty", "cut", "other", "no-list", "no-text", "folder"],
)
def test_a_file_that_cannot_be_read_is_told_and_kept(tmp_path: Path, content: bytes | None) -> None:
    """With its name and what to do; to write over it would let what was used count as never given."""
    file = tmp_path / INVITATIONS
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    assert refused(tmp_path, "any") == "invitations-unreadable"
    with pytest.raises(CommandRefused, match=rf"^{file}: .*restore the file, or remove it"):
        Invitations(tmp_path).give(CHILD, BY, 1.0)
    assert content is None or file.read_bytes() == content


def test_what_is_over_goes_when_there_is_too_much(tmp_path: Path, clock: SimpleNamespace) -> None:
    """Those that were used or have ended; those that still count stay, up to the bound, the newest of them."""

    def one(number: int, until: float, *, used: bool = False) -> Given:
        return Given(child=CHILD, by=BY, sha256=f"{number:064x}", until=until, used=used)

    over = [one(1, NOW + HOUR_S, used=True), one(2, NOW - 1)]
    living = [one(number, NOW + HOUR_S) for number in range(10, GIVEN_MAX + 8)]
    file = tmp_path / INVITATIONS
    file.write_bytes(msgspec.json.encode([*over, *living]))
    secret, _until = Invitations(tmp_path).give(CHILD, BY, 2.0)
    assert len(kept(tmp_path)) == GIVEN_MAX - 1
    assert kept(tmp_path)[:-1] == living
    for _ in range(3):
        Invitations(tmp_path).give(CHILD, BY, 2.0)
    assert len(kept(tmp_path)) == GIVEN_MAX
    clock.now = NOW + HOUR_S + 1
    assert Invitations(tmp_path).use(secret, CHILD).child == CHILD
