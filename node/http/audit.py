"""The audit: who did what and when at this node: `/v1/audit`, in lines."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from node.control.acts import Act, Outcome, Sought, concerns
from node.control.events import SHANGHAI
from node.control.sight import oversees
from node.http.streaming import MEDIA_TYPE, streamed
from node.model.values import Actor
from node.runtime.auditing import Audit

DAYS = 7
"""So far back acts are told where nothing is said of it."""

Since = Annotated[datetime | None, QueryParameter(description="From this moment on, ISO 8601; without it, the last seven days")]
Until = Annotated[datetime | None, QueryParameter(description="Up to this moment")]
Name = Annotated[str, QueryParameter(description="Who acted")]
OfDepartment = Annotated[str, QueryParameter(description="A department: what it did, and what was done to what is its own")]
TheAct = Annotated[str, QueryParameter(name="act", description="What was done, as answer-request")]
How = Annotated[Outcome | None, QueryParameter(description="How it ended")]
About = Annotated[str, QueryParameter(description="A resource, request, grant or division that the act names, as 445100/12")]


@get("/v1/audit", media_type=MEDIA_TYPE)
async def told(
    audit: NamedDependency[Audit],
    by: NamedDependency[Actor],
    *,
    since: Since = None,
    until: Until = None,
    name: Name = "",
    department: OfDepartment = "",
    the_act: TheAct = "",
    outcome: How = None,
    about: About = "",
) -> Stream:
    """Tell of acts, the oldest first: `advanced` and `audited` lines, then `ended`. A department is told of what concerns it."""
    sought = Sought(name=name, department=department, act=the_act, outcome=outcome, about=about)

    def sees(act: Act) -> bool:
        return oversees(by) or concerns(act, by.department)

    begin = _aware(since) if since is not None else datetime.now(UTC) - timedelta(days=DAYS)
    return await streamed(audit.read(sought, sees, begin, None if until is None else _aware(until)))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=SHANGHAI)


HANDLERS = [told]
