"""What the node talks about: names, divisions, values, limits. Pure values; no other package of the house is imported."""
