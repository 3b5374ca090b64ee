"""The catalogue item: what a department says of a resource that it offers, and how far the item has come.

What an item must tell is set by the Regulations on Government Data Sharing (State Council Decree 809, Art. 13) and by the core metadata of
the Guide to Compiling the Government Information Resource Catalogue (NDRC and CAC, 2017, no. 1272). Its data items (name, type, title,
meaning, grade) stand in its schema and nowhere else, see `node.avro.described`; its department is the one in its name.

Texts for people are Chinese and English, parted by ` / `.
"""

from typing import Literal

import msgspec

from node.model.names import Department, Topic
from node.model.values import Actor, EventRef, ResourceValue, Sharing, Value, Way

Format = Literal["document", "spreadsheet", "database", "image", "media", "self-described"]
"""In which form the department holds the data, by the guide's list; what moves is Avro, whatever the form."""
Opening = Literal["unconditional", "conditional", "not-open"]
"""Whether the public may have it."""
Base = Literal["population", "legal-persons", "geography", "credit", "licences"]
"""The guide's five classes of base data."""
Grade = Literal["general-1", "general-2", "general-3", "general-4", "important", "core"]
"""How much harm the data may do, least first (GB/T 43697-2024; general data in the four grades of its annex H)."""
State = Literal["draft", "submitted", "returned", "reviewed", "published", "updated", "withdrawn"]
"""How far an item has come. `updated` is published anew: another content has taken the place of the one before."""


class SharingTerms(Value, frozen=True, kw_only=True):
    """Among departments: `condition` where the sharing is conditional, `legal_basis` where it is not shared, and then alone. What is not shared has no ways."""

    type: Sharing
    ways: tuple[Way, ...] = ()
    condition: str = ""
    legal_basis: str = ""


class OpeningTerms(Value, frozen=True, kw_only=True):
    """To the public: `condition` where the opening is conditional, and then alone."""

    type: Opening
    condition: str = ""


class Classification(Value, frozen=True, kw_only=True):
    """To which classes an item belongs, beside that of its department; `base` is empty where it is no base data."""

    base: Base | Literal[""] = ""
    themes: tuple[str, ...] = ()


class ItemFacts(Value, frozen=True, kw_only=True):
    """What an item tells beside the resource itself."""

    code: str
    """class (1 base, 2 theme, 3 department), two, three and more digits, `/`, a serial number: as in 3010020001/000001"""
    credit_code: str
    """the providing department's (GB 32100)"""
    summary: str = ""
    """empty: the schema's `doc` says it"""
    format: Format
    update_cycle: str
    """`real-time` or a period of ISO 8601 in days, weeks, months or years, as in P1D"""
    sharing: SharingTerms
    opening: OpeningTerms
    related: tuple[Topic, ...] = ()
    """other resources that belong with this one"""
    classification: Classification = Classification()
    grade: Grade | Literal[""] = ""
    """at least that of each of its data items; empty: the highest of theirs"""
    version: int
    """from 1; another content has a greater one"""


class ItemValue(Value, frozen=True, kw_only=True):
    """A content of an item, and the resource as it will be said where this is published."""

    by: Actor
    resource: ResourceValue
    facts: ItemFacts
    changed: str = ""
    """the day on which what a published item describes became as told here, ISO 8601; empty: not told"""


class ItemStateValue(Value, frozen=True, kw_only=True):
    """A step of an item: its content, by the event that said it, is now in this state."""

    by: Actor
    item: Topic
    content: EventRef
    state: Literal["submitted", "returned", "reviewed", "published", "withdrawn"]
    reasons: tuple[str, ...] = ()
    """why it is returned, all at once, or withdrawn"""
    takers: tuple[Department, ...] = ()
    """who held an active grant when an item in force was changed: those whom the change concerns"""


class ItemExtensionValue(Value, frozen=True, kw_only=True):
    """The department wants more time for the update of an item that is in force (State Council Decree 809: once, with consent)."""

    by: Actor
    item: Topic
    reason: str


class ItemExtensionConsentedValue(Value, frozen=True, kw_only=True):
    """The authority gives the department the time that it asked for."""

    by: Actor
    item: Topic


ItemAct = ItemStateValue | ItemExtensionValue | ItemExtensionConsentedValue
"""What is said of an item after it was drafted."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What the book has of an item: its newest content and how far that has come, and what is in force."""

    value: ItemValue
    content: EventRef
    """the event that said the newest content"""
    state: State
    at: str
    """when it came into its state, RFC 3339"""
    reasons: tuple[str, ...] = ()
    in_force: ItemValue | None = None
    """the content that is published; None before the first and after a withdrawal"""
    published: int = 0
    """contents published since the item was first published or last withdrawn"""
    version: int = 0
    """that of the last content published, 0 before the first; it counts on after a withdrawal"""
    takers: tuple[Department, ...] = ()
    """whom the last publishing concerned"""
    changed: str = ""
    """since which day what is in force is no longer right; told with a content, and kept until one is published or the item withdrawn"""
    extension: ItemExtensionValue | None = None
    """of the time for that update, and the consent to it: both are gone with it"""
    consented: ItemExtensionConsentedValue | None = None

    @property
    def gone(self) -> bool:
        """Whether it was in force and is no more: nobody is given its resource."""
        return self.in_force is None and self.version > 0
