"""Answers for node/control/registering.py."""

from node.avro.ids import canonical, schema_id
from node.control.book import Book
from node.control.events import encode
from node.control.registering import register, registered_id
from node.control.run import Run
from node.model.names import Division
from node.model.values import SchemaValue

AT = "2026-11-22T12:00:00.000Z"
HERE, OTHER = Division("445102"), Division("445100")
ONE: dict[str, object] = {"type": "record", "name": "R22037", "fields": []}
TWO = ONE | {"name": "R30270"}
"""Two schemas that share an id."""
assert schema_id(ONE) == schema_id(TWO)


def book(*said: tuple[Division, SchemaValue]) -> Book:
    """A book in which these schemas were said."""
    book = Book()
    for author, schema in said:
        run = Run(author, book.tail(author), AT)
        run.say(schema)
        book.fold(author, encode(run.events[0]))
    assert not book.refused
    return book


def plain(schema: object) -> SchemaValue:
    """A schema under its first id."""
    return SchemaValue(id=schema_id(schema), schema=canonical(schema))


def registered(schema: dict[str, object], known: Book, *before: dict[str, object]) -> tuple[SchemaValue, list[SchemaValue]]:
    """Register a schema after others of the same run; return it, and what all of them made the run say."""
    run = Run(HERE, known.tail(HERE), AT)
    found = [register(one, known, run) for one in (*before, schema)][-1]
    return found, [event.body for event in run.events if isinstance(event.body, SchemaValue)]


def test_a_schema_whose_id_is_free_is_registered_as_it_is() -> None:
    """Also where another node registered the same; where it stands already or was just said, nothing more is."""
    for known in (book(), book((OTHER, plain(ONE)))):
        assert registered(ONE, known) == registered(ONE, known, ONE) == (plain(ONE), [plain(ONE)])
    assert registered(ONE, book((HERE, plain(ONE)))) == (plain(ONE), [])


def test_an_id_that_is_taken_is_passed_over() -> None:
    """By what any node said, or by what is said in the same breath; who registered first keeps it."""
    noted = plain(TWO | {"nonce": 1})
    assert registered(TWO, book((OTHER, plain(ONE)))) == (noted, [noted])
    assert registered(TWO, book(), ONE) == (noted, [plain(ONE), noted])
    assert registered(TWO, book((HERE, plain(TWO)), (OTHER, plain(ONE)))) == (plain(TWO), [])
    assert registered(TWO, book((OTHER, plain(ONE)), (HERE, noted))) == (noted, [])


def test_what_was_registered_is_found_again() -> None:
    """By its author's own word alone, with the nonce that it needed, also where the reason for that nonce has not come yet."""
    text = canonical(TWO)
    assert registered_id(text, book(), HERE) is None
    assert registered_id(text, book((OTHER, plain(TWO))), HERE) is None
    assert registered_id(text, book((HERE, plain(ONE))), HERE) is None
    assert registered_id(text, book((HERE, plain(TWO))), HERE) == schema_id(TWO)
    noted = plain(TWO | {"nonce": 1})
    assert registered_id(text, book((HERE, noted)), HERE) == registered_id(text, book((OTHER, plain(ONE)), (HERE, noted)), HERE) == noted.id
