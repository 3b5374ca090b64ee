"""The exchange node: government data between departments and levels over Apache Kafka, exactly once.

Rings, outermost first; a line imports only lines below it, siblings not each other (import-linter holds it):

    __main__ > cli > demo > app
    config | http | adapters
    runtime          the loops: drive lanes, fold control logs, reconcile routes, supervise, health
    bus              the only Kafka code
    telemetry        every metric and every log event
    lane | control   sans-IO: the delivery machine | events, book, decide, routes
    transform        batch bytes in, batch bytes out
    avro | batch     schema ids, framing, typed rows | Kafka record batches
    model            names, divisions, values, limits
    errors

The rings from `lane` down are pure: no asyncio, threads, sockets, clock, dice or logging. Time comes in as an argument.
"""

__version__ = "0.1.0"
