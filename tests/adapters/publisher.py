"""A publication of its own process, for tests that kill it: it stands still at a given moment of its second transaction.

Arguments: bootstrap, file with its login or nothing, resource and schema as JSON, file, method of the producer, `before` or `after`. It prints `there`
when it stands before or after that method, and never ends.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from node.adapters import publish
from node.bus.security import secured
from node.model.values import ResourceValue, SchemaValue

ROWS = 100


def _stand_still(method: str, moment: str) -> None:
    original, calls = getattr(AIOKafkaProducer, method), []

    async def standing(self: AIOKafkaProducer, *arguments: Any, **named: Any) -> Any:
        calls.append(method)
        if len(calls) == 2 and moment == "before":
            await _forever()
        answer = await original(self, *arguments, **named)
        if len(calls) == 2 and moment == "after":
            await _forever()
        return answer

    setattr(AIOKafkaProducer, method, standing)


async def _forever() -> None:
    print("there", flush=True)  # noqa: T201  # the one word that the test waits for
    await asyncio.Event().wait()


def main() -> None:
    """Publish as told on the command line."""
    bootstrap, login, resource, schema, path, method, moment = sys.argv[1:]
    sys.modules["node.adapters.publish"].TRANSACTION_ROWS = ROWS  # type: ignore[attr-defined]  # small transactions
    _stand_still(method, moment)
    how = {"resource": msgspec.json.decode(resource, type=ResourceValue), "schema": msgspec.json.decode(schema, type=SchemaValue)}
    asyncio.run(publish(Path(path), bootstrap=bootstrap, security=secured(Path(login) if login else None, None), **how))  # type: ignore[arg-type]  # as the dict says


if __name__ == "__main__":
    main()
