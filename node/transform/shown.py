"""The keys that a view of state has shown: who left its rows becomes a tombstone for these alone."""
