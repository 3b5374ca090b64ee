"""`python -m benchmarks NAME`: each benchmark is a command of a module of its own."""

import logging
import sys

from cyclopts import App

from benchmarks.book import book
from benchmarks.gate import gate
from benchmarks.kernel import kernel
from benchmarks.link import link
from benchmarks.security import security
from benchmarks.telemetry import telemetry
from benchmarks.view import view
from node.errors import NodeError


def build() -> App:
    """Return the command with all benchmarks."""
    app = App(name="benchmarks", help="Measure the node against others, both in one run on this machine.")
    app.command(book)
    app.command(gate)
    app.command(kernel)
    app.command(link)
    app.command(security)
    app.command(telemetry)
    app.command(view)
    return app


def main() -> int:
    """Run the benchmark that the command line names and return the exit status."""
    # aiokafka logs each failed attempt of its own; what matters of them comes as an error.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        build()(result_action="return_value")
    except NodeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
