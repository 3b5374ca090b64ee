"""A backup as one file: what a node cannot make again, sealed with a passphrase.

`exchange-node-backup`, a version, 16 bytes of salt, 12 of nonce, and AES-256-GCM (NIST SP 800-38D) over the archive in MessagePack, with all before it
as additional data; the key is scrypt's (RFC 7914) of the passphrase, N = 2^17, r = 8, p = 1: 128 MiB and half a second a guess. So a byte that was
changed anywhere, and a wrong passphrase, are the same: it does not open.
"""

import hashlib
import os
from pathlib import PurePosixPath

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from node.errors import CommandRefused
from node.model.names import Division

_MAGIC = b"exchange-node-backup\n"
VERSION = 1
BYTES_MAX = 64 << 20
"""Ten times a node with as many tokens as it may have."""
PASSPHRASE_MIN = 12
_SALT, _NONCE = 16, 12
_SCRYPT_N = 1 << 17
_HEAD = len(_MAGIC) + 1 + _SALT + _NONCE
_MODE_MAX = 0o755


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file: its path within the node's folder, its mode and contents."""

    name: str
    mode: int
    sha256: str
    data: bytes


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """A backup: of which node, made when by which release, from which folder, and the name of the configuration in it.

    `moved` says of files that lay outside that folder where.
    """

    made: str
    release: str
    division: Division
    folder: str
    config: str
    moved: dict[str, str]
    files: tuple[Kept, ...]


def kept(name: str, mode: int, data: bytes) -> Kept:
    """Return a file as it is kept."""
    return Kept(name=name, mode=mode & _MODE_MAX, sha256=hashlib.sha256(data).hexdigest(), data=data)


def seal(archive: Archive, passphrase: str) -> bytes:
    """Return an archive that only the passphrase opens. CommandRefused for one that is guessed too soon, or an archive that is too large."""
    if len(passphrase) < PASSPHRASE_MIN:
        en = f"the passphrase has {len(passphrase)} places: take {PASSPHRASE_MIN} or more, best of chance (`openssl rand -base64 24`)"
        raise CommandRefused(
            "weak-passphrase", en, f"口令只有 {len(passphrase)} 位：至少 {PASSPHRASE_MIN} 位，宜随机生成（`openssl rand -base64 24`）"
        )
    plain = msgspec.msgpack.encode(archive)
    if len(plain) > BYTES_MAX:
        en = f"the node's files have more than {BYTES_MAX >> 20} MiB together: what lies in its data_dir that is none of its own?"
        raise CommandRefused("backup-too-large", en, f"节点文件合计超过 {BYTES_MAX >> 20} MiB：data_dir 中是否有其他文件？")
    head = _MAGIC + bytes([VERSION]) + os.urandom(_SALT + _NONCE)
    return head + AESGCM(_key(passphrase, head)).encrypt(head[-_NONCE:], plain, head)


def unseal(sealed: bytes, passphrase: str) -> Archive:
    """Return what `seal` was given. CommandRefused where it is no backup, another version's, or does not open."""
    head = sealed[:_HEAD]
    if len(head) < _HEAD or not head.startswith(_MAGIC):
        raise CommandRefused("no-backup", "this is no backup of `exchange-node backup`", "此文件不是 `exchange-node backup` 生成的备份")
    if (version := head[len(_MAGIC)]) != VERSION:
        en = f"the backup has version {version}, this release reads {VERSION}: restore it with the release that made it"
        raise CommandRefused("backup-version", en, f"备份格式版本为 {version}，本程序只读取 {VERSION}：请用生成它的版本恢复")
    try:
        plain = AESGCM(_key(passphrase, head)).decrypt(head[-_NONCE:], sealed[_HEAD:], head)
        archive = msgspec.msgpack.decode(plain, type=Archive)
    except (InvalidTag, msgspec.MsgspecError) as error:
        en = "the backup does not open: the passphrase is another, or the file was changed or cut; nothing was written"
        raise CommandRefused("backup-closed", en, "备份无法打开：口令不符，或文件已被更改、截断；未写入任何内容") from error
    _check(archive)
    return archive


def _key(passphrase: str, head: bytes) -> bytes:
    salt = head[len(_MAGIC) + 1 : -_NONCE]
    return Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=8, p=1).derive(passphrase.encode())


def _check(archive: Archive) -> None:
    """Refuse names that lead out of the folder, and contents that are not what was kept: whoever knows the passphrase may have written anything."""
    names = {one.name for one in archive.files}
    wrong = [
        one.name
        for one in archive.files
        if not _stays(one.name) or one.mode & ~_MODE_MAX or hashlib.sha256(one.data).hexdigest() != one.sha256
    ]
    if wrong or len(names) < len(archive.files) or archive.config not in names:
        what = wrong[0] if wrong else archive.config
        en, zh = f"the backup holds what no backup does ({what!r}); nothing was written", f"备份内容异常（{what!r}）；未写入任何内容"
        raise CommandRefused("bad-backup", en, zh)


def _stays(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and str(path) == name and not path.is_absolute() and ".." not in path.parts and "\0" not in name and name != "."
