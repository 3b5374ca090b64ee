"""What a grant shows of a resource, in the words of the command line: as it is asked for, and as it is told."""

from collections.abc import Mapping, Sequence

from node.avro.selection import read_mask
from node.cli.voice import CliError, Exit, Voice


def read_masks(asked: Sequence[str]) -> dict[str, str]:
    """Return the masks of `FIELD=MASK` by their fields; CliError says which is wrong."""
    masks: dict[str, str] = {}
    for text in asked:
        field, _equals, mask = text.partition("=")
        try:
            read_mask(mask)
        except ValueError as error:
            en = f"--mask {text}: {error}; write it as FIELD=MASK, for example holder_name=keep-first:1"
            zh = f"--mask {text}：{error}；应写成 FIELD=MASK，例如 holder_name=keep-first:1"
            raise CliError("usage", en, zh, Exit.WRONG) from error
        if not field or field in masks:
            en = f"--mask {text}: each field has one mask; write it as FIELD=MASK, for example holder_name=keep-first:1"
            raise CliError(
                "usage", en, f"--mask {text}：每个字段只有一种脱敏方式；应写成 FIELD=MASK，例如 holder_name=keep-first:1", Exit.WRONG
            )
        masks[field] = mask
    return masks


def shows(fields: Sequence[str] | None, rows: str, masks: Mapping[str, str], history: str, voice: Voice) -> str:
    """Return in a line what a grant or view shows."""
    parts = [voice.say("all fields", "全部字段") if fields is None else ", ".join(fields)]
    if rows:
        parts.append(voice.say("rows ", "行 ") + rows)
    parts += [f"{field}={mask}" for field, mask in sorted(masks.items())]
    if history != "all":
        parts.append(voice.say("from now on", "仅限新数据"))
    return "; ".join(parts)
