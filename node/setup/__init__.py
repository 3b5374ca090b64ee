"""Setting a node up: the folder that `init` writes, the invitation by which a parent takes a child in, and the link that comes of it.

`brokers` has the properties of a closed cluster, `folder` all files of a new node, `invitation` what a parent gives to a child on paper, so to speak:
one secret that counts once and not for long, where the parent is, and the fingerprint of the root that the child will trust. `parent` writes what came
of it into the child's configuration, and takes it out again. `backup` takes what a node cannot make again, and puts it back; `archive` seals it.

Bounds: an invitation ends after 30 days at most. Failure modes: what is there already is never written over; a folder that was left half written says
so by what is missing, and is written anew after it has been removed.
"""
