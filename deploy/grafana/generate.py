"""Write the dashboards as Grafana reads them: `python generate.py [FOLDER]`, beside this file unless a folder is named.

A test holds what is committed equal to what this makes.
"""

import json
import sys
from pathlib import Path

import board_federation
import board_node
import board_resource
import board_sharing

_MAKERS = {"federation": board_federation.make, "node": board_node.make, "resource": board_resource.make, "sharing": board_sharing.make}


def main(folder: Path) -> None:
    """Write all of them into a folder."""
    for name, make in _MAKERS.items():
        (folder / f"{name}.json").write_text(json.dumps(make(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
