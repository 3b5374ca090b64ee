"""What a node must know to run, and what it tells of its link."""

from pathlib import Path

import msgspec

from node.bus.security import Security, Way
from node.control.calendar import Calendar
from node.control.canary import Direction
from node.lane.pace import Limits
from node.model.names import Division


class NodeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a node must know to run."""

    division: Division
    bootstrap: str
    replication: int
    parent: Division | None = None
    parent_bootstrap: str = ""
    root: str = ""
    """the fingerprint of the root's first key; a node with a parent pins it, a root has its own"""
    data_dir: Path
    """for what the node keeps on disk: its key, its secret, and how far it has written"""
    calendar: Calendar | None = None
    """the operator's own days off, over the official ones"""
    security: Security = Security()
    """with which the node logs in to its own cluster, as a super user"""
    brokers_security: Security | None = None
    """with which the node makes that login, where it is not let in"""
    other_users: tuple[str, ...] = ()
    """of the own cluster: their rights are none of the node's"""
    parent_security: Security = Security()
    limits: Limits = Limits()
    """what the link may carry, in each direction"""
    debug: bool = False
    """whether operators may ask over HTTP what it is doing"""
    ca: str = ""
    """what clients of the own cluster trust, in PEM; empty where it does not speak TLS"""
    certificate_files: dict[str, Path] = {}
    """PEM files whose ends are watched: `http` and `probes` have the listeners' own, `kafka-ca` and `parent-ca` what the clusters are trusted by"""

    @property
    def own_way(self) -> Way:
        """Where the own cluster is, and how the node gets in."""
        return Way(self.bootstrap, self.security)

    @property
    def parent_way(self) -> Way | None:
        """Where the parent's cluster is, and how the node gets in; None at the root."""
        return None if self.parent is None else Way(self.parent_bootstrap, self.parent_security)


class LinkStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The link to the parent, its two directions by what came over them."""

    parent: Division
    up: Direction
    down: Direction
    trouble: str
