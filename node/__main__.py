"""The program: `exchange-node`, or `python -m node`."""

import sys

from node import cli


def main() -> int:
    """Carry out the command that this process was started with; the exit status is returned."""
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
