"""The node's hand: with which key it signs what it says, and whether its log in its own cluster reaches as far as it has to before more is said.

A log that was restored from a backup is older than what neighbours hold; said on from there, two histories would stand under the same numbers, and
no other node would believe this one any more. So a node with a parent first compares its log with the copy in the parent's cluster, and takes what
it lacks from there. While the parent is away, and at the root, what this node wrote last (`keys.Mark`) guards the log alone.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from node.control import Book
from node.control.lacking import Forked, lacking
from node.control.vouching import newest_key
from node.errors import CommandRefused
from node.model.keys import Signed, fingerprint
from node.model.names import Division
from node.runtime.keys import KeyFileError, Mark, Signer, adopt_next, next_key, node_key, read_mark, write_mark
from node.telemetry import logger


class Hand:
    """What one node signs with, and what guards its log. Every question may raise KeyFileError, with file and cause."""

    def __init__(self, here: Division, folder: Path, *, parent: Division | None, root: str) -> None:
        self.here, self._folder, self._parent, self._root = here, folder, parent, root
        self._mark: Mark | None = None
        self.proven = parent is None
        """its log was compared with the copy of its parent's cluster"""
        self.comparing = parent is not None
        """that has not ended, well or not"""
        self.fork = ""
        """where the parent's copy says something else"""

    @property
    def pin(self) -> str:
        """The fingerprint of the root's first key: the configured one, or, at a root that has none, that of the key with which it began."""
        assert self._root or self._parent is None, "a node with a parent is told the root's fingerprint"
        if self._root:
            return self._root
        if not self._known.root:
            self._keep(msgspec.structs.replace(self._known, root=fingerprint(node_key(self._folder).key)))
        return self._known.root

    @property
    def key(self) -> str:
        """The public half of the key that the node has now."""
        return node_key(self._folder).key

    @property
    def next(self) -> str:
        """The key to which it rotates, empty where it does not."""
        signer = next_key(self._folder)
        return "" if signer is None else signer.key

    def begins(self, book: Book) -> str | None:
        """Return the key that a root has to declare before it says anything, None where that is done or not to be."""
        return None if self._parent is not None or book.taken(self.here) else self.key

    def another(self, book: Book) -> str:
        """Return the key to which the node rotates, made where there is none. CommandRefused while it has none that counts."""
        self.signer(book)
        signer = next_key(self._folder, make=True)
        assert signer is not None
        return signer.key

    def signer(self, book: Book) -> Signer:
        """Return the key to sign with: the newest that counts. CommandRefused, with the next step, while there is none."""
        own, newest = node_key(self._folder), newest_key(book, self.here)
        if newest == own.key or (not book.taken(self.here) and self._parent is None):
            return own
        coming = next_key(self._folder)
        if coming is not None and newest == coming.key:
            logger().info("key-rotated", key=fingerprint(coming.key))
            return adopt_next(self._folder)
        if newest is not None and any(key.key == own.key and key.stands for key in book.keys.of(self.here)):
            return own
        raise CommandRefused("key-not-vouched", *self._unvouched(own.key))

    def _unvouched(self, key: str) -> tuple[str, str]:
        give = f"exchange-node key vouch {self.here} {key}"
        if self._parent is None:
            return (
                "this root's key is not among those that its log has declared: restore node.key in its data_dir from the backup",
                "本根节点的密钥不在其日志所声明的密钥之中：请从备份恢复 data_dir 中的 node.key",
            )
        return (
            f"nobody has vouched for this node's key: on the node of {self._parent} run `{give}`, and wait until the link has brought that",
            f"本节点的密钥尚未得到上级确认：请在 {self._parent} 的节点执行 `{give}`，并等待链路送达",
        )

    def check(self, book: Book) -> None:
        """Refuse to say more while the log may be older than what was said before."""
        if self.fork:
            raise CommandRefused("log-forked", *_forked(self.fork))
        if self.comparing:
            en = "the log is being compared with the copy in the parent's cluster; ask again in a moment"
            raise CommandRefused("log-compared", en, "正在与上级集群中的副本比对控制日志；请稍后重试")
        mark, taken = self._known, book.taken(self.here)
        if taken < mark.sequence and not self._is_cut(book, mark):
            en = f"the control log ends at event {taken}, but this node has written event {mark.sequence}: it was restored from a backup, or cut. "
            en += (
                "It takes what it lacks from the parent's cluster when that is reached"
                if self._parent
                else "Bring the rest from a child's cluster: exchange-node log export there, exchange-node log import here"
            )
            zh = f"控制日志止于事件 {taken}，而本节点已写到事件 {mark.sequence}：集群可能由备份恢复，或日志被截断。"
            zh += (
                "待连通上级集群后将自动补齐"
                if self._parent
                else "请用下级集群中的副本补齐：在下级执行 exchange-node log export，再在此执行 log import"
            )
            raise CommandRefused("log-older", en, zh)
        if 0 < mark.sequence <= taken and book.digest(self.here, mark.sequence).hex() != mark.digest:
            raise CommandRefused("log-forked", *_forked(f"event {mark.sequence} is not the one that this node has written"))
        if not self.proven and not mark.sequence:
            en = (
                "what this node has written before is not known, and the parent's cluster cannot be reached to compare: mend the link first"
            )
            raise CommandRefused("log-unproven", en, "不知本节点此前写到何处，且无法连通上级集群进行比对：请先恢复链路")

    def _is_cut(self, book: Book, mark: Mark) -> bool:
        # The history that the parent has named is the whole of what counts: what was written behind it is gone for good.
        standing = book.keys.standing(self.here)
        return 0 < standing.last <= book.taken(self.here) and standing.last < mark.sequence and self.proven

    def compare(self, book: Book, copy: Sequence[Signed]) -> list[Signed] | None:
        """Return what the log lacks of its parent's copy; None while the keys for that are not known yet. Where the two differ it is forked."""
        found = lacking(book, self.here, copy)
        if isinstance(found, Forked):
            self.fork = f"event {found.sequence} is not the one in the copy of {self._parent}'s cluster"
            self.comparing = False
            logger().error("control-log-alarm", author=self.here, sequence=found.sequence, reason="fork", detail=self.fork)
            return []
        self.fork = ""
        return found

    def wrote(self, sequence: int, digest: str) -> None:
        """Keep what was written last. It stands in the log by now: where it cannot be kept, that is told and nothing is undone."""
        try:
            self._keep(msgspec.structs.replace(self._known, sequence=sequence, digest=digest))
        except KeyFileError as error:
            logger().error("mark-not-kept", cause=str(error))

    @property
    def _known(self) -> Mark:
        if self._mark is None:
            self._mark = read_mark(self._folder)
        return self._mark

    def _keep(self, mark: Mark) -> None:
        write_mark(self._folder, mark)
        self._mark = mark


def _forked(where: str) -> tuple[str, str]:
    return (
        f"the control log has two histories: {where}. Nothing more can be said: stop the node, find out who wrote, and restore the right history",
        f"控制日志出现两种历史：{where}。不能再写入：请停止节点，查明写入者，并恢复正确的历史",
    )
