"""Who may log in to the own cluster: passwords are made and changed here, told once, and kept nowhere but in the cluster.

A user may have two for a while: Kafka keeps one for each SCRAM mechanism, so a new one is made for the other mechanism, and the former ends when the
grace is over. When that is stands in LOGINS in the data folder, so that it is kept over restarts.
"""

import asyncio
import time
from pathlib import Path

import msgspec

from node.bus.client import Client, open_client
from node.bus.passwords import SCRAM_256, SCRAM_512, Login, new_password, write_secret
from node.bus.security import Security
from node.bus.users import let_in, lets_in, mechanisms_of, remove_logins, set_logins
from node.errors import BusError, CommandRefused
from node.telemetry import logger

LOGINS = "logins.json"
_ENDINGS_MAX = 10_000


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A password that counts no longer than until `at` (Unix time, s)."""

    user: str
    mechanism: str
    at: float


class Logins:
    """The users of the node's cluster."""

    def __init__(self, folder: Path, bootstrap: str, security: Security) -> None:
        self.trouble = ""
        """why a password that has ended still counts"""
        self._file = folder / LOGINS
        self._bootstrap, self._security = bootstrap, security
        self._endings: list[Ending] | None = None
        self._changing = asyncio.Lock()
        """Which mechanism is free is asked first and used then: two at once would both take the same one, and the password that was told first be none;
        so would one that is made while a former one of that mechanism is being taken out of use."""

    async def make_own(self, brokers: Security | None) -> None:
        """Make the node's own login with the brokers', where there is one and the cluster does not let the node in. Unavailable as with `let_in`."""
        if brokers is not None and not await lets_in(self._bootstrap, self._security):
            await let_in(self._bootstrap, self._security, brokers)
            logger().info("own-login-made", user=self._security.username)

    async def give(self, user: str, grace_s: float) -> Login:
        """Make a user, or give it another password beside the one that it has, which ends after `grace_s`. Returns what to log in with; it is told this once.

        CommandRefused where the cluster refuses or does not answer, and where the user has two already.
        """
        try:
            async with self._changing, open_client(self._bootstrap, client_id="logins", security=self._security) as client:
                return await self._give(client, user, grace_s)
        except BusError as error:
            en = f"the cluster made no login for {user}: {error}. Give the command again"
            raise CommandRefused("login-unavailable", en, f"集群未能为 {user} 建立登录：{error}。请重试") from error

    async def _give(self, client: Client, user: str, grace_s: float) -> Login:
        has = (await mechanisms_of(client, [user])).get(user, frozenset())
        ending = next((one for one in self._read() if one.user == user), None)
        if len(has) > 1 and ending is not None:
            until = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ending.at))
            en = f"{user} has two passwords already; the former one ends at {until}: change it again after that"
            raise CommandRefused("rotating", en, f"{user} 已有两个密码，旧密码于 {until} 失效；请在此之后再更换")
        mechanism = SCRAM_256 if has == {SCRAM_512} else SCRAM_512
        login = Login(username=user, password=new_password(), mechanism=mechanism)
        await set_logins(client, [login])
        # Made first and noted then: cut short between the two, a user has two passwords rather than none.
        self._write([*self._read(), *(Ending(user=user, mechanism=one, at=time.time() + grace_s) for one in has - {mechanism})])
        logger().info("login-given", user=user, mechanism=mechanism, grace_s=grace_s if has else 0)
        await self._end(client)
        return login

    async def dismiss(self, user: str) -> None:
        """Take a user away with all its passwords. CommandRefused where the cluster refuses or does not answer."""
        try:
            async with self._changing, open_client(self._bootstrap, client_id="logins", security=self._security) as client:
                await remove_logins(client, [(user, mechanism) for mechanism in (SCRAM_256, SCRAM_512)])
                self._write([one for one in self._read() if one.user != user])
        except BusError as error:
            en = f"the cluster did not take the login of {user} away: {error}. Give the command again"
            raise CommandRefused("login-unavailable", en, f"集群未能撤销 {user} 的登录：{error}。请重试") from error
        logger().info("login-removed", user=user)

    async def step(self, client: Client) -> None:
        """Take out of use what has ended. What fails, or would have to wait for a login that is being made, is tried again with the next step."""
        if not self._changing.locked():
            async with self._changing:
                await self._end(client)

    async def _end(self, client: Client) -> None:
        due = [one for one in self._read() if one.at <= time.time()]
        if not due:
            return
        try:
            await remove_logins(client, [(one.user, one.mechanism) for one in due])
        except BusError as error:
            self.trouble = str(error)
            return
        self.trouble = ""
        self._write([one for one in self._read() if one not in due])
        for one in due:
            logger().info("login-ended", user=one.user, mechanism=one.mechanism)

    def _read(self) -> list[Ending]:
        if self._endings is None:
            try:
                self._endings = msgspec.json.decode(self._file.read_bytes(), type=list[Ending])
            except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
                if not isinstance(error, FileNotFoundError | NotADirectoryError):
                    self.trouble = f"{self._file}: it cannot be read ({error}); passwords that it names as ending stay in use: remove it"
                self._endings = []
        return self._endings

    def _write(self, endings: list[Ending]) -> None:
        if endings != self._endings:
            self._endings = endings[-_ENDINGS_MAX:]
            write_secret(self._file, msgspec.json.encode(self._endings).decode())
