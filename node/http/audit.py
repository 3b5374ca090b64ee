"""The audit: who did what and when at this node: `/v1/audit`, in lines."""

from time import time
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from node.control.acts import Act, Outcome, Sought, concerns
from node.control.exporting import period
from node.control.sight import oversees
from node.http.streaming import MEDIA_TYPE, streamed
from node.model.values import Actor
from node.runtime.auditing import Audit

_DAY_MS = 86_400_000
DAYS = 7
"""So far back acts are told where nothing is said of it."""

Since = Annotated[
    str,
    QueryParameter(
        description="From this day or moment on, ISO 8601, in Shanghai without a zone; without it, the seven days before the end"
    ),
]
Until = Annotated[str, QueryParameter(description="Up to the end of this day, or up to this moment")]
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
    since: Since = "",
    until: Until = "",
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

    begin, end = period(since, until, named=("since", "until"))
    return await streamed(
        audit.read(sought, sees, (int(time() * 1000) if end is None else end) - DAYS * _DAY_MS if begin is None else begin, end)
    )


HANDLERS = [told]
