"""A configuration written as a text, and what is told of it."""

from pathlib import Path

import pytest

from node.config import Lang, load
from node.errors import ConfigError

LEAST = 'division: "445102"\nkafka: {bootstrap: "127.0.0.1:9092"}\n'


def problems(file: Path, text: str | bytes, lang: Lang = "en") -> list[str]:
    """Return what is wrong with a text, without the file's folder."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        load(file, lang)
    return [problem.replace(f"{file.parent}/", "") for problem in caught.value.problems]
