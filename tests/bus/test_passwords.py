"""Answers for node/bus/passwords.py: secrets lie in files that nobody else may read, and no message and no repr has them."""

import os
import stat
from pathlib import Path

import pytest

from node.bus.passwords import (
    SCRAM_256,
    Login,
    check_place,
    kept_password,
    new_password,
    read_login,
    read_secret,
    write_login,
    write_secret,
)
from node.errors import ConfigError


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_passwords_are_long_differ_and_stand_in_any_file() -> None:
    """256 bits, in letters that neither properties nor YAML nor JAAS would have to quote."""
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(one) == 43 for one in made)
    assert {letter for one in made for letter in one} <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_secret_is_its_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask says, and in the place of a file that others could read; a folder made for it is closed as well."""
    file = tmp_path / "made" / "secret"
    before = os.umask(0)
    try:
        write_secret(file, "one\n")
        file.chmod(0o644)
        write_secret(file, "two\n")
    finally:
        os.umask(before)
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)
    assert read_secret(file) == "two"
    assert [one.name for one in file.parent.iterdir()] == ["secret"]


def test_what_an_interruption_left_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """Half a file of an earlier writing is written anew, and never read."""
    (tmp_path / ".secret.new").write_text("ha")
    write_secret(tmp_path / "secret", "whole")
    assert read_secret(tmp_path / "secret") == "whole"


def test_a_place_is_looked_for_before_there_is_anything_to_write(tmp_path: Path) -> None:
    """Where there is one, nothing is left there and what stands there stays; where a folder or no folder is in the way, that is told."""
    file = tmp_path / "made" / "secret"
    check_place(file)
    assert list(file.parent.iterdir()) == []
    write_secret(file, "one")
    check_place(file)
    assert read_secret(file) == "one"
    with pytest.raises(IsADirectoryError, match=str(file.parent)):
        check_place(file.parent)
    with pytest.raises(OSError, match=str(file)):
        check_place(file / "below")


@pytest.mark.parametrize("others", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, others: int) -> None:
    """It may have been read already: the message says to have a new secret made."""
    file = tmp_path / "secret"
    write_secret(file, "hidden")
    file.chmod(others)
    with pytest.raises(ConfigError, match=rf"^{file}: others may read it \(mode {others:04o}\); chmod 600, and have a new secret made$"):
        read_secret(file)


@pytest.mark.parametrize(
    ("content", "cause"), [(None, "No such file"), (b"", "it is empty"), (b" \n", "it is empty"), (b"\xff\xfe", "cannot be read")]
)
def test_a_secret_that_is_none_is_told_with_its_file(tmp_path: Path, content: bytes | None, cause: str) -> None:
    """File, cause, and what to do."""
    file = tmp_path / "secret"
    if content is not None:
        file.touch(0o600)
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=cause) as refused:
        read_secret(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert "restore" in str(refused.value)


def test_a_login_is_read_as_it_was_written(tmp_path: Path) -> None:
    """JSON with three names, as the configuration describes it; without a mechanism it is the stronger of the two."""
    login = Login(username="445102.node", password="pass", mechanism=SCRAM_256)  # noqa: S106
    write_login(tmp_path / "own.login", login)
    assert mode(tmp_path / "own.login") == 0o600
    assert read_login(tmp_path / "own.login") == login
    write_secret(tmp_path / "own.login", '{"username": "a", "password": "b"}')
    assert read_login(tmp_path / "own.login") == Login(username="a", password="b", mechanism="SCRAM-SHA-512")  # noqa: S106


@pytest.mark.parametrize("content", ["hidden", '{"username": "a"}', '{"username": "a", "password": 7}', "[]"])
def test_a_file_that_is_no_login_is_told(tmp_path: Path, content: str) -> None:
    """With its file and what belongs there, but never with what is in it."""
    file = tmp_path / "own.login"
    write_secret(file, content)
    with pytest.raises(ConfigError, match=r'it is no login: JSON with "username", "password" and "mechanism"') as refused:
        read_login(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert "hidden" not in str(refused.value)


def test_a_password_is_never_shown() -> None:
    """Logins end up in logs and tracebacks: the password must not."""
    text = repr(Login(username="445102.node", password="hidden"))  # noqa: S106
    assert "445102.node" in text
    assert "hidden" not in text


def test_a_password_is_made_once_and_kept(tmp_path: Path) -> None:
    """A cluster that is opened again finds the same; another file has another."""
    made = kept_password(tmp_path / "one")
    assert kept_password(tmp_path / "one") == made != kept_password(tmp_path / "other")
    assert mode(tmp_path / "one") == 0o600
