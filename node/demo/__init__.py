"""The demo: a province, a city and a district carry real records, on real Kafka, on this machine.

**The road.** `world` starts three clusters and three `exchange-node run` processes; `story` says what their stewards would say and
publishes with the command a department would use; `requesting` asks and decides for each department; `takers` read at their own nodes with an independent client and keep a digest;
`table` draws the nodes' own status; `run` plays it all and compares; `remote` lets another terminal cut and mend a link. What is published
comes from `generate`, which needs none of the others.

Everything is under `.run/demo` and ends with this process, even when it is killed. One demo runs in a folder at a time.
"""
