"""The bounds."""

from node.model import limits


def test_every_bound_is_a_positive_number() -> None:
    """A bound of zero or less is no bound; relations between them are asserted where they stand."""
    bounds = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert len(bounds) > 20
    assert all(isinstance(value, int | float) and value > 0 for value in bounds.values())


def test_a_record_batch_of_the_greatest_size_fits_one_fetch_and_one_transaction() -> None:
    """Else a resource could hold what no link can carry."""
    assert limits.MESSAGE_BYTES_MAX <= limits.FETCH_BYTES_MAX
    assert limits.MESSAGE_BYTES_MAX <= limits.COMMIT_BYTES_MAX
