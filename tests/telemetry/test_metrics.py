"""The metrics of a node."""

from node.telemetry.metrics import Metrics, RouteFigures


def _route(**changed: object) -> RouteFigures:
    given = {"lane": "link-up", "resource": "r", "state": "flowing", "stop": "", "lag_records": 0, "lag_seconds": 0.0} | changed
    return RouteFigures(**given)  # type: ignore[arg-type]  # the fields above


def test_what_a_commit_carried_is_counted() -> None:
    """Records, bytes and batches of a route add up under the outcome `carried`."""
    metrics = Metrics()
    metrics.carried("link-up", "r", batches=2, records=30, size=400)
    metrics.carried("link-up", "r", batches=1, records=3, size=40)
    page = metrics.text().decode()
    assert 'exchange_records_total{lane="link-up",outcome="carried",resource="r"} 33.0' in page
    assert 'exchange_bytes_total{lane="link-up",outcome="carried",resource="r"} 440.0' in page
    assert 'exchange_batches_total{lane="link-up",outcome="carried",resource="r"} 3.0' in page


def test_partitions_are_joined_and_the_greatest_lag_counts() -> None:
    """Records behind add up over partitions; seconds behind are the worst of them."""
    metrics = Metrics()
    metrics.show_routes([_route(lag_records=3, lag_seconds=1.0), _route(lag_records=4, lag_seconds=9.0)])
    page = metrics.text().decode()
    assert 'exchange_lag_records{lane="link-up",resource="r"} 7.0' in page
    assert 'exchange_lag_seconds{lane="link-up",resource="r"} 9.0' in page


def test_a_stopped_route_has_a_series_with_its_reason_until_it_goes_on() -> None:
    """An alert can name the reason; a route that is gone or flows again leaves no series behind."""
    metrics = Metrics()
    metrics.show_routes([_route(state="stopped", stop="source-recreated"), _route(state="waiting")])
    page = metrics.text().decode()
    assert 'exchange_route_stopped{lane="link-up",reason="source-recreated",resource="r"} 1.0' in page
    assert 'exchange_route_waiting{lane="link-up",resource="r"} 1.0' in page
    metrics.show_routes([])
    assert 'resource="r"' not in metrics.text().decode()


def test_two_nodes_of_one_process_have_metrics_of_their_own() -> None:
    """Each node has a registry: nothing is global."""
    one, other = Metrics(), Metrics()
    one.ready.set(1)
    assert "exchange_ready 0.0" in other.text().decode()
