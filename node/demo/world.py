"""Three clusters and three nodes on this machine: what the demo shows and what the fault tests kill."""

import asyncio
import json
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import msgspec

from node.bus.client import open_client
from node.bus.embedded import Cluster, open_cluster
from node.bus.embedded.ports import reserved_ports
from node.bus.embedded.process import check_alive, end, reap, spawn
from node.bus.passwords import Login, new_password, write_login, write_secret
from node.bus.security import Security, Way, secured
from node.bus.users import set_logins
from node.control import Command
from node.errors import CommandRefused, Unavailable
from node.model.keys import fingerprint
from node.model.names import Division, principal_of
from node.model.values import Actor
from node.runtime.access import add_token
from node.runtime.keys import node_key

PROVINCE, CITY, DISTRICT = "440000", "445100", "445102"
TREE = {PROVINCE: None, CITY: PROVINCE, DISTRICT: CITY}
"""Guangdong, Chaozhou, Xiangqiao: each division with the one above it."""

OPERATOR = Actor(name="operator", role="operator")

_READY_S = 30.0
_STOP_S = 12.0
"""A node takes 10 s at most to finish or abort."""
_POLL_S = 0.05
_HTTP_S = 15.0
_LIMITS = httpx.Limits(keepalive_expiry=2.0)
"""A node ends a connection that asks nothing for 5 s: one that is about to be ended is not used again."""


class NodeProcess:
    """One `exchange-node run` of its own, with its configuration, its log and its HTTP face."""

    def __init__(self, division: str, folder: Path, ports: tuple[int, int], http: httpx.AsyncClient) -> None:
        self.division = division
        self.url, self.probes_url = (f"http://127.0.0.1:{port}" for port in ports)
        self.config = folder / f"{division}.yaml"
        self.log = folder / f"{division}.log"
        self._folder = folder
        self._http = http
        self._process: Process | None = None
        self._known: set[Actor] = set()
        """who has a token"""
        self._clients: dict[str, Security] = {}

    @property
    def key(self) -> str:
        """The node's public key; made where it has none yet."""
        return node_key(self._folder / f"data-{self.division}").key

    async def configure(self, cluster: Cluster, parent: tuple[str, Cluster] | None, root: str) -> None:
        """Write the node's configuration file, and the login that its parent's cluster gives it; `root` is the fingerprint that it pins."""
        own = self._write_login("", cluster.security)
        lines = [
            f'division: "{self.division}"',
            f'kafka: {{bootstrap: "{cluster.bootstrap}", replication: {len(cluster.brokers)}, login_file: {own}}}',
            f"http: {{listen: {json.dumps(self.url.removeprefix('http://'))}, probes: {json.dumps(self.probes_url.removeprefix('http://'))}}}",
            f"data_dir: {json.dumps(f'data-{self.division}')}",
        ]
        if parent is not None:
            division, above = parent
            there = self._folder / f"{self.division}-parent.login"
            file = (
                json.dumps(there.name)
                if there.exists()
                else self._write_login("-parent", await _let_in(above, principal_of(Division(self.division))))
            )
            lines.insert(2, f'parent: {{division: "{division}", bootstrap: "{above.link_bootstrap}", login_file: {file}, root: "{root}"}}')
        self.config.write_text("\n".join(lines) + "\n")

    def _write_login(self, of: str, security: Security) -> str:
        """Write a login into a file; return its name as YAML has it."""
        file = self._folder / f"{self.division}{of}.login"
        write_login(file, security.login)
        return json.dumps(file.name)

    @property
    def pid(self) -> int:
        """The process id of the running node."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start the process; it is killed by the kernel when ours ends."""
        command = [sys.executable, "-m", "node", "run", "--config", str(self.config)]
        self._process = await spawn(command, folder=self._folder, log=self.log, environment={})

    async def kill(self) -> None:
        """End the process as a power cut would."""
        assert self._process is not None
        self._process.kill()
        await reap(self._process, _STOP_S)

    async def stop(self) -> int:
        """Ask the process to end and return its exit status."""
        assert self._process is not None
        return await end(self._process, _STOP_S)

    def check(self) -> None:
        """Raise Unavailable, with the end of its log, if the process has ended."""
        assert self._process is not None
        check_alive(self._process, f"the node of {self.division}", self.log)

    def token_file(self, by: Actor = OPERATOR) -> Path:
        """Return the file of somebody's token; it is made when it is asked for first."""
        file = self._folder / f"{by.department or self.division}-{by.role}-{by.name}.token"
        if by not in self._known:
            _token, secret = add_token(self._folder / f"data-{self.division}", by)
            file.touch(mode=0o600)
            file.write_text(f"{secret}\n")
            self._known.add(by)
        return file

    def headers(self, by: Actor = OPERATOR) -> dict[str, str]:
        """Return the headers with which somebody asks the node."""
        return {"authorization": f"Bearer {self.token_file(by).read_text().strip()}"}

    def parent_login(self) -> Security:
        """Return with what the node logs in to its parent's cluster."""
        return secured(self._folder / f"{self.division}-parent.login", None)

    async def client(self, department: str) -> tuple[Security, Path]:
        """Return with what a department's programs log in to the cluster, and the client.properties that says so; made when it is asked for first."""
        file = self._folder / f"{department}.properties"
        if department not in self._clients:
            cluster = (await self.get("/v1/node"))["kafka"]
            asked = msgspec.json.encode({"user": department})
            login = msgspec.convert((await self._ask("POST", "/v1/logins", OPERATOR, asked)).json(), Login)
            made = Security(protocol=cluster["protocol"], mechanism=login.mechanism, username=login.username, password=login.password)
            entries = {"bootstrap.servers": cluster["bootstrap"], **made.librdkafka()}
            write_secret(file, "".join(f"{name}={value}\n" for name, value in entries.items()))
            self._clients[department] = made
        return self._clients[department], file

    async def get(self, path: str) -> Any:
        """Return the JSON of a path, as an operator sees it. Unavailable if the node does not answer."""
        return (await self._ask("GET", path, OPERATOR)).json()

    async def command(self, command: Command) -> list[dict[str, Any]]:
        """Post a command, as whom it names, and return the events that it made. CommandRefused with the node's reason."""
        by = getattr(command, "by", OPERATOR)
        events: list[dict[str, Any]] = (await self._ask("POST", "/v1/commands", by, msgspec.json.encode(command))).json()["events"]
        return events

    async def _ask(self, method: str, path: str, by: Actor, content: bytes | None = None) -> httpx.Response:
        try:
            answer = await self._http.request(method, self.url + path, content=content, headers=self.headers(by))
        except httpx.HTTPError as error:
            raise Unavailable(f"the node of {self.division} does not answer at {self.url}: {type(error).__name__}") from error
        if answer.is_error:
            problem = answer.json()
            raise CommandRefused(problem["code"], problem["en"], problem["zh"])
        return answer

    async def until(self, path: str, field: str, wanted: set[str]) -> None:
        """Wait until a list of the node has entries with these values of a field. Unavailable after 30 s."""
        try:
            async with asyncio.timeout(_READY_S):
                while not wanted <= await self._values(path, field):
                    self.check()
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise Unavailable(f"the node of {self.division} does not learn of {', '.join(sorted(wanted))}: see {self.log}") from error

    async def _values(self, path: str, field: str) -> set[str]:
        try:
            return {entry[field] for entry in await self.get(path)}
        except Unavailable:
            return set()


async def _let_in(cluster: Cluster, user: str) -> Security:
    """Make a user of a cluster; what it may do there is the node's to say."""
    login = Login(username=user, password=new_password())
    async with open_client(cluster.bootstrap, client_id="world", security=cluster.security) as client:
        await set_logins(client, [login])
    return msgspec.structs.replace(cluster.security, username=user, password=login.password)


class World:
    """The clusters and nodes by division. Made by `open_world`."""

    def __init__(self, folder: Path, clusters: dict[str, Cluster], nodes: dict[str, NodeProcess]) -> None:
        self.folder = folder
        self.clusters = clusters
        self.nodes = nodes

    async def way(self, department: str) -> Way:
        """Return how a department's programs get into the cluster of their own level."""
        division = department[:6]
        return Way(self.clusters[division].bootstrap, (await self.nodes[division].client(department))[0])

    def own_way(self, division: str) -> Way:
        """Return how a node gets into its own cluster."""
        return self.clusters[division].way

    def cut(self, division: str) -> None:
        """Cut the link between a node and the one above it."""
        self._cable(division).cut()

    def mend(self, division: str) -> None:
        """Restore the link."""
        self._cable(division).mend()

    def _cable(self, division: str) -> Any:
        parent = TREE.get(division)
        if parent is None:
            known = " or ".join(code for code, above in TREE.items() if above)
            raise CommandRefused(
                "no-link", f"{division} has no link to a parent here: name {known}", f"{division} 没有上级链路：请用 {known}"
            )
        return self.clusters[parent].cable


@asynccontextmanager
async def open_world(folder: Path, settings: Mapping[str, str] = MappingProxyType({})) -> AsyncIterator[World]:
    """Start three clusters and three nodes with their data under `folder`; all end when it is left, or with this process.

    `settings` are broker properties over the embedded clusters' own.
    """
    async with AsyncExitStack() as stack:
        opening = [
            open_cluster(folder / f"kafka-{code}", settings=settings, cable=code != DISTRICT, principal=principal_of(Division(code)))
            for code in TREE
        ]
        clusters = dict(zip(TREE, await _enter_all(stack, opening), strict=True))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=_HTTP_S, limits=_LIMITS))
        ports = stack.enter_context(reserved_ports(2 * len(TREE)))  # held, so that nobody takes the port of a node that is down
        pairs = zip(ports[::2], ports[1::2], strict=True)
        nodes = {code: NodeProcess(code, folder, pair, http) for code, pair in zip(TREE, pairs, strict=True)}
        root = fingerprint(nodes[PROVINCE].key)
        for code, node in nodes.items():
            above = TREE[code]
            await node.configure(clusters[code], None if above is None else (above, clusters[above]), root)
            await node.start()
            stack.push_async_callback(node.stop)
        yield World(folder, clusters, nodes)


async def _enter_all(stack: AsyncExitStack, opening: list[Any]) -> list[Cluster]:
    """Open the clusters at the same time; each is entered in the stack as soon as it is there."""
    try:
        async with asyncio.TaskGroup() as tasks:
            entering = [tasks.create_task(stack.enter_async_context(one)) for one in opening]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in entering]
