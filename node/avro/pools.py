"""Where a program's constants are put while it is compiled: numbers, jump tables and sets in one pool, the bytes of texts in another."""

from collections.abc import Iterable, Sequence

from node.avro.layout import N_HEADER, RULE_WIDTH

_FNV_BASIS, _FNV_PRIME, _FNV_BITS = 0x811C_9DC5, 0x0100_0193, 0xFFFF_FFFF
_CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015, table 1: the place of a character is its value."""


class Pools:
    """Two growing pools; places in them never change. `numbers` begins with the header, `text` with the credit code's characters."""

    def __init__(self) -> None:
        self.numbers = [0] * N_HEADER
        self.text = bytearray(255 for _ in range(256))
        for value, character in enumerate(_CREDIT_CHARACTERS):
            self.text[ord(character)] = value

    def put(self, numbers: Iterable[int]) -> int:
        """Append numbers and return the place of the first."""
        place = len(self.numbers)
        self.numbers += numbers
        return place

    def put_rules(self, rows: Sequence[tuple[int, int, int, int, int]]) -> tuple[int, int]:
        """Append rule rows and return the places of the first and after the last."""
        place = self.put(number for row in rows for number in row)
        return place, place + len(rows) * RULE_WIDTH

    def put_text(self, content: bytes) -> tuple[int, int]:
        """Append bytes and return their place and length."""
        place = len(self.text)
        self.text += content
        return place, len(content)

    def put_numbers(self, values: Iterable[int]) -> int:
        """Append a set of numbers and return its place: how many there are, then all in ascending order."""
        members = sorted(set(values))
        return self.put([len(members), *members])

    def put_texts(self, values: Iterable[bytes]) -> int:
        """Append a set of texts and return its place: a mask, then seats of place and length, a place of -1 where nobody sits.

        Less than half of the seats are taken, so a search ends soon and always.
        """
        members = sorted(set(values))
        seats = 4
        while seats < 2 * len(members) + 1:
            seats *= 2
        table = [-1, 0] * seats
        for member in members:
            seat = _hash(member) & seats - 1
            while table[2 * seat] >= 0:
                seat = seat + 1 & seats - 1
            table[2 * seat : 2 * seat + 2] = self.put_text(member)
        return self.put([seats - 1, *table])


def _hash(content: bytes) -> int:
    """Return FNV-1a of 32 bits, its upper half folded onto the lower, as `kernel_compare` has it."""
    digest = _FNV_BASIS
    for byte in content:
        digest = (digest ^ byte) * _FNV_PRIME & _FNV_BITS
    return digest ^ digest >> 16
