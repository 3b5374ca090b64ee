"""The views of a node's own resources: opened when a grant needs one, and anew when a view or a schema comes or goes."""

import asyncio
import hmac
import time
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import date
from pathlib import Path

import msgspec

from node.avro.deriving import key_granted
from node.avro.ids import text_id
from node.avro.selection import Selection
from node.control import Book, Grant
from node.control.naming import selection_of
from node.control.views import View, derived_text, schema_ids, views
from node.errors import CommandRefused, SchemaError
from node.model.limits import TRANSACTION_TIMEOUT_S
from node.model.names import Division, Topic, division_of
from node.model.values import Kind, RequestValue, ResourceValue
from node.runtime.secret import SecretError, make_secret, read_secret, secret_file
from node.telemetry import logger
from node.transform.view import Views, ViewSpec, open_views

_DRAIN_S = 6 * TRANSACTION_TIMEOUT_S
"""For so long a view that is wanted no more can still be made: what was read of it goes with the open transaction."""


class Plan(msgspec.Struct, frozen=True):
    """What the views of a resource are made of: the resource, its schemas by id with the newest last, and the views."""

    resource: ResourceValue
    schemas: tuple[tuple[int, str], ...]
    specs: tuple[ViewSpec, ...]


class OwnViews:
    """The views by resource. Calling it gives those of a resource that `open` has returned, as the book has it now."""

    def __init__(self, here: Division, book: Callable[[], Book], folder: Path) -> None:
        self.trouble = ""
        """which views are not cut, and why; empty when all are"""
        self._here = here
        self._book = book
        self._folder = folder
        self._opening = asyncio.Lock()
        self._open: dict[Topic, tuple[Plan, Views]] = {}
        self._ended: dict[Topic, float] = {}
        """views that are wanted no more, since when (monotonic s)"""
        self._faults: dict[Topic, tuple[Plan | None, str]] = {}

    def __call__(self, resource: Topic) -> Views:
        """Return the views of a resource.

        A record may follow its schema by a millisecond, before `open` is called again: it must not be taken for a foreign one.
        """
        plan, opened = self._open[resource]
        if len(self._book().versions[resource]) != len(plan.schemas):
            return self._open_now(resource, plan)
        return opened

    async def open(self, today: date) -> tuple[list[tuple[Topic, int]], frozenset[Topic]]:
        """Open what the book has on a day; return the views that are cut, with their partitions, and those that begin at their source's end."""
        async with self._opening:
            wanted: dict[Topic, list[View]] = {}
            for view in views(self._book(), today, self._here).values():
                wanted.setdefault(view.resource.name, []).append(view)
            for resource, found in wanted.items():
                await self._open_one(resource, found)
            self._faults = {resource: fault for resource, fault in self._faults.items() if resource in wanted}
            self.trouble = "; ".join(f"{resource}: {why}" for resource, (_plan, why) in sorted(self._faults.items()))
            routed = [view for resource, found in wanted.items() if resource not in self._faults for view in found]
            return [(view.topic, view.resource.partitions) for view in routed], frozenset(view.topic for view in routed if view.from_now)

    def prepare(self, asked: RequestValue) -> None:
        """Make the node's secret before the first grant that needs it. CommandRefused where it is lost, or cannot be written."""
        book = self._book()
        resource = book.resources.get(asked.resource)
        schema = book.schema(resource.schema, self._here) if resource is not None else None
        if schema is None or not _needs_secret(schema.schema, selection_of(asked)):
            return
        try:
            if read_secret(self._folder) is None:
                if any(grant.view is not None and self._hides(grant) for grant in book.grants.values()):
                    raise SecretError(
                        f"{secret_file(self._folder)} is not there, and earlier grants hide keys by it; restore it from the backup"
                    )
                make_secret(self._folder)
        except SecretError as error:
            raise CommandRefused("no-secret", str(error), f"节点密钥不可用：{error}") from error

    def _hides(self, grant: Grant) -> bool:
        resource = grant.value.resource
        if division_of(resource) != self._here:
            return False
        schema = self._book().schema(self._book().resources[resource].schema, self._here)
        return schema is not None and _needs_secret(schema.schema, selection_of(grant.value))

    async def _open_one(self, resource: Topic, found: list[View]) -> None:
        plan = None
        try:
            plan = self._plan(found)
            if plan in (self._open.get(resource, (None,))[0], self._faults.get(resource, (None,))[0]):
                return
            opened = await asyncio.to_thread(open_plan, plan)
        except (SchemaError, SecretError) as error:
            if self._faults.get(resource) != (plan, str(error)):
                logger().error("views-closed", resource=resource, cause=str(error))
            self._faults[resource] = plan, str(error)
            return
        self._faults.pop(resource, None)
        self._open[resource] = plan, opened

    def _open_now(self, resource: Topic, before: Plan) -> Views:
        """Open the views of a resource with the schemas that have come since: those that were open, no others."""
        plan = msgspec.structs.replace(
            before, schemas=self._book().schemas_of(resource), specs=tuple(self._renewed(resource, before.specs))
        )
        self._open[resource] = plan, open_plan(plan)
        return self._open[resource][1]

    def _renewed(self, resource: Topic, specs: Iterable[ViewSpec]) -> Iterator[ViewSpec]:
        """Yield views that are open with the schemas that they have by now.

        A version that comes after the end of a view's grant has no schema registered for it. What was read of such a view meanwhile goes under the
        id that is registered when the grant is given anew; where nothing is left of the version, the view is no longer made.
        """
        for spec in specs:
            schemas = {**spec.schemas, **schema_ids(self._book(), resource, spec.selection)}
            for number, schema in self._book().schemas_of(resource):
                if number not in schemas and (text := derived_text(schema, spec.selection)) is not None:
                    schemas[number] = text_id(text)
            if all(number in schemas for number, _schema in self._book().schemas_of(resource)):
                yield msgspec.structs.replace(spec, schemas=schemas)

    def _plan(self, found: list[View]) -> Plan:
        book, resource = self._book(), found[0].resource
        specs = {
            view.topic: ViewSpec(
                topic=view.topic,
                selection=view.selection,
                from_now=view.from_now,
                schemas=schema_ids(book, resource.name, view.selection),
                secret=self._secret(view),
            )
            for view in found
        }
        return Plan(resource, self._book().schemas_of(resource.name), (*specs.values(), *self._draining(resource.name, specs)))

    def _draining(self, resource: Topic, wanted: Container[Topic]) -> Iterator[ViewSpec]:
        """Yield the views that are wanted no more and were so a moment ago."""
        yield from self._renewed(resource, list(self._ended_lately(resource, wanted)))

    def _ended_lately(self, resource: Topic, wanted: Container[Topic]) -> Iterator[ViewSpec]:
        now = time.monotonic()
        for spec in self._open[resource][0].specs if resource in self._open else ():
            if spec.topic in wanted:
                self._ended.pop(spec.topic, None)
            elif self._ended.setdefault(spec.topic, now) > now - _DRAIN_S:
                yield spec
            else:
                del self._ended[spec.topic]

    def _secret(self, view: View) -> bytes:
        """Return a view's own secret, nothing where it hides neither keys nor fields by one."""
        schema = self._book().schema(view.resource.schema, self._here)
        assert schema is not None
        if not _needs_secret(schema.schema, view.selection):
            return b""
        secret = read_secret(self._folder)
        if secret is None:
            raise SecretError(f"{secret_file(self._folder)} is not there, and {view.topic} hides keys by it; restore it from the backup")
        return hmac.digest(secret, view.topic.encode(), "sha256")


def _needs_secret(schema: str, selection: Selection) -> bool:
    """Tell whether a view hides keys or fields under a secret."""
    return not key_granted(msgspec.json.decode(schema), selection) or "hmac" in selection.masks.values()


def open_plan(plan: Plan) -> Views:
    """Open the views of a plan. SchemaError where a schema cannot be used."""
    resource = plan.resource
    return open_views(
        resource=resource.name,
        schemas=dict(plan.schemas),
        is_state=resource.kind is Kind.STATE,
        batch_bytes_max=resource.max_message_bytes,
        views=plan.specs,
    )
