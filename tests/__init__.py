"""Answers for the tool chain and the node; folders with a file like this one are packages, whose fixtures may end with them."""
