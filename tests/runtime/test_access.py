"""Tokens on disk, and who is let in by them."""

import json
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.control import day_of
from node.model.names import Department
from node.model.values import Actor
from node.runtime.access import Access, AccessError, access_file, add_token, read_tokens, remove_token

HEAD = Actor(name="林海", role="head", department=Department("445100.taxation"))
OPERATOR = Actor(name="黄山", role="operator")


def test_a_token_lets_in_whose_it_is_at_once_until_it_is_removed(tmp_path: Path) -> None:
    """The running node needs no restart; another's token, a part of one, or nothing lets nobody in."""
    access = Access(tmp_path / "data")
    assert (access.who(""), access.known) == (None, False)
    head, secret = add_token(tmp_path / "data", HEAD)
    other = add_token(tmp_path / "data", OPERATOR)[1]
    assert (access.who(secret), access.who(other), access.known) == (HEAD, OPERATOR, True)
    assert [access.who(wrong) for wrong in ("", secret[:-1], secret + "x", head.sha256, head.id, "\udcff")] == [None] * 6
    assert remove_token(tmp_path / "data", head.id) == head
    assert remove_token(tmp_path / "data", head.id) is None
    assert (access.who(secret), access.who(other)) == (None, OPERATOR)


def test_nothing_of_a_secret_is_kept(tmp_path: Path) -> None:
    """Its hash alone, in a file for the node's eyes alone."""
    token, secret = add_token(tmp_path / "data", HEAD)
    text = access_file(tmp_path / "data").read_text("utf-8")
    assert secret.removeprefix("xn-") not in text
    assert token.sha256 in text
    assert stat.S_IMODE(access_file(tmp_path / "data").stat().st_mode) == 0o600
    assert len(secret) >= 43, "256 bits"
    assert add_token(tmp_path / "data", HEAD)[1] != secret


def test_a_token_counts_on_its_last_day_and_not_after(tmp_path: Path) -> None:
    """Days are those of Shanghai."""
    today = day_of(datetime.now(UTC))
    access = Access(tmp_path)
    last = add_token(tmp_path, HEAD, today.isoformat())[1]
    over = add_token(tmp_path, HEAD, (today - timedelta(days=1)).isoformat())[1]
    assert (access.who(last), access.who(over)) == (HEAD, None)
    found = access.find(over)
    assert found is not None
    assert (found.ended, found.by) == (True, HEAD), "whose it was can still be told"


def test_those_made_at_once_all_stand(tmp_path: Path) -> None:
    """One after the other: none writes over another's."""
    threads = [threading.Thread(target=add_token, args=(tmp_path, HEAD)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_tokens(tmp_path)) == 16


@pytest.mark.parametrize("damage", ["broken", "version", "open"])
def test_a_file_that_cannot_be_trusted_lets_nobody_in_and_is_kept(tmp_path: Path, damage: str, capfd: pytest.CaptureFixture[str]) -> None:
    """It is told with file and cause; once it is mended the same tokens count again."""
    secret = add_token(tmp_path, HEAD)[1]
    file, access = access_file(tmp_path), Access(tmp_path)
    good = file.read_bytes()
    match damage:
        case "broken":
            file.write_bytes(good[:-9])
        case "version":
            file.write_text(json.dumps(json.loads(good) | {"version": 2}))
        case _:
            file.chmod(0o640)
    assert access.who(secret) is None
    assert "access-unreadable" in "".join(capfd.readouterr())
    bad = file.read_bytes()
    with pytest.raises(AccessError, match=str(file)):
        add_token(tmp_path, HEAD)
    assert file.read_bytes() == bad
    file.write_bytes(good + b"\n")
    file.chmod(0o600)
    assert access.who(secret) == HEAD


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With the file, the cause and what to do."""
    (tmp_path / "data").write_text("a file stands where the folder should")
    with pytest.raises(AccessError, match="as the user of the node"):
        add_token(tmp_path / "data", HEAD)
