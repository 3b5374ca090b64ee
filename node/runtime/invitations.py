"""Invitations that a parent's node has given: one secret for one child, which counts once and not for long, kept as its SHA-256.

The file is written before what an invitation lets happen: cut short in between, it has been used in vain rather than twice.
"""

import hashlib
import hmac
import secrets
import time
from pathlib import Path

import msgspec

from node.bus.passwords import write_secret
from node.errors import CommandRefused
from node.model.names import Division
from node.model.values import Actor

INVITATIONS = "invitations.json"
GIVEN_MAX = 1000
"""Those that have ended or were used go when there are more."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation as it is kept: for whom, by whom, until when (Unix time, s), and whether it was used."""

    child: Division
    by: Actor
    sha256: str
    until: float
    used: bool = False


class Invitations:
    """What a node has given to its children to join by."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / INVITATIONS
        self.left: dict[Division, float] = {}
        """when each child said last that it leaves (Unix time, s): a word that was overheard is not to end what it joined to since"""

    def give(self, child: Division, by: Actor, hours: float) -> tuple[str, float]:
        """Make an invitation; return its secret, which nobody can tell again, and until when it counts."""
        secret, until = secrets.token_urlsafe(32), time.time() + hours * 3600
        self._write([*self._read(), Given(child=child, by=by, sha256=_digest(secret), until=until)])
        return secret, until

    def find(self, secret: str) -> Given:
        """Return the invitation of a secret. CommandRefused where there is none."""
        return _sought(self._read(), secret)

    def use(self, secret: str, child: str) -> Given:
        """Take an invitation out of use for whom it was given to. CommandRefused where it counts for nobody, no more, or for another."""
        kept, now = self._read(), time.time()
        found = _sought(kept, secret)
        if found.child != child:
            en = f"the invitation is for {found.child}, and {child} wants to join by it; nothing was done"
            raise CommandRefused("not-invited", en, f"此邀请属于 {found.child}，而申请加入的是 {child}；未做任何操作")
        if found.used:
            en = "the invitation has been used; if that was not you, revoke the key that joined by it, and have another one made"
            raise CommandRefused("invitation-used", en, "此邀请已被使用；若非本人所用，请吊销借此加入的密钥，并另行签发")
        if found.until < now:
            en = "the invitation has ended; have another one made by `exchange-node token` on the parent's node"
            raise CommandRefused("invitation-ended", en, "此邀请已过期；请在上级节点用 `exchange-node token` 重新签发")
        self._write([msgspec.structs.replace(one, used=True) if one is found else one for one in kept])
        return found

    def _read(self) -> list[Given]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[Given])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            en = f"{self._file}: the invitations cannot be read ({error}); restore the file, or remove it: those that were given then count no more"
            zh = f"{self._file}：邀请记录无法读取（{error}）；请恢复该文件，或将其删除（已发出的邀请随即失效）"
            raise CommandRefused("invitations-unreadable", en, zh) from error

    def _write(self, kept: list[Given]) -> None:
        if len(kept) > GIVEN_MAX:
            kept = [one for one in kept if not one.used and one.until > time.time()][-GIVEN_MAX:]
        write_secret(self._file, msgspec.json.encode(kept).decode())


def _sought(kept: list[Given], secret: str) -> Given:
    digest = _digest(secret)
    found = next((one for one in kept if hmac.compare_digest(one.sha256, digest)), None)
    if found is None:
        raise CommandRefused("no-invitation", "this node has given no such invitation", "本节点没有发出过此邀请")
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
