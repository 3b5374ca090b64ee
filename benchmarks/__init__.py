"""Measurements of the node against others: `make bench ARGS="link --json FILE"`. Both sides run in turn, never at once.

The road of a benchmark: `brokers` runs two clusters, `records` writes what is carried, a carrier of either side (`carry`,
`mirror`) is started as a process of its own, `watch` looks from outside how much has arrived and what it cost, `result`
makes ratios of it and `show` prints them. A benchmark is a module with a command, and a line in `__main__`.

Bounds: a carrier that carries nothing for STILL_S is given up; processes are gone when a command ends, data too if it succeeded; logs of what failed stay in `.run`.

Non-obvious: absolute figures mean nothing on a shared machine, so what counts is the ratio within one run. Everything
shares the machine's cores, brokers included; nothing is pinned.
"""
