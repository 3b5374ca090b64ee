"""How often somebody may ask: a bucket for each key that holds so many requests and fills at so many a second. Pure: time is an argument."""


class Rates:
    """Buckets by key, at most `keys_max` of their own; where there are more, those that come last share one, so that no flood of keys is a way around.

    A bucket is one number: the time until which it is spent. A full one says no more than none, and is forgotten.
    """

    def __init__(self, per_s: float, burst: int, keys_max: int) -> None:
        self._each_s = 1 / per_s
        self._depth_s = burst / per_s
        self._keys_max = keys_max
        self._spent_until: dict[str, float] = {}
        self._swept_at = 0.0

    def wait_s(self, key: str, now_s: float) -> float:
        """Take one request out of a bucket: 0 where there was one, else how long until there is."""
        if key not in self._spent_until and len(self._spent_until) >= self._keys_max:
            self._sweep(now_s)
            if len(self._spent_until) >= self._keys_max:
                key = ""
        until = max(self._spent_until.get(key, 0.0), now_s) + self._each_s
        wait = until - now_s - self._depth_s
        if wait > 1e-9:  # sums of floats: a bucket that is full to the last digit has its last request too
            return wait
        self._spent_until[key] = until
        return 0.0

    def _sweep(self, now_s: float) -> None:
        """Forget who has a full bucket; once a second, for a flood would have it done at each request."""
        if now_s - self._swept_at >= 1:
            self._swept_at = now_s
            self._spent_until = {key: until for key, until in self._spent_until.items() if until > now_s}
