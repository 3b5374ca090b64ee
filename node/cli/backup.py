"""`backup` and `restore`: what a node cannot make again, in one sealed file."""

from pathlib import Path
from typing import Annotated

from cyclopts import ArgumentCollection, Group, Parameter
from cyclopts.types import ExistingFile

from node.bus.passwords import read_secret
from node.cli.run import CONFIG
from node.cli.voice import VOICE, CliError, Exit, Voice

Passphrase = Annotated[ExistingFile, Parameter(name="--passphrase-file")]


def _exactly_one(chosen: ArgumentCollection) -> None:
    if sum(bool(argument.tokens) for argument in chosen) != 1:
        raise ValueError("请选择 --output 或 --check 之一 / Choose one of --output and --check.")


_WHAT = Group("选择其一 / Choose one", validator=_exactly_one, sort_key=1)


def backup(
    *,
    output: Annotated[Path | None, Parameter(group=_WHAT)] = None,
    check: Annotated[ExistingFile | None, Parameter(group=_WHAT)] = None,
    passphrase_file: Passphrase,
    config: Path = CONFIG,
    voice: Voice = VOICE,
) -> int:
    """备份节点无法重新生成的内容，加密为一个文件；节点可照常运行 / Back up what a node cannot make again, sealed in one file; the node may run meanwhile.

    包括：配置及其所指文件、密钥、视图密钥、令牌、登录、init 生成的证书与 broker 配置 / In it: the configuration and the files that it names, keys, the
    views' secret, tokens, logins, and the certificates and brokers' properties that `init` wrote.
    不包括集群中的内容（记录、控制日志、进度、审计）：请另行备份集群 / Not in it: what the cluster holds (records, control log, progress, audit), which has backups of its own.
    也不包括邀请，恢复后须重新签发 / Nor invitations: after a restore they are given anew.

    在 init、join、leave、rotate、key、access、token 之后，以及更换证书或配置后备份，并与口令分开保存 / Make one after init, join, leave, rotate, key, access
    and token, after the first grant of a view, and whenever certificates or the configuration change; keep it apart from its passphrase.

    例如 / For example:

        exchange-node backup --config 445102/node.yaml --output 445102.backup --passphrase-file passphrase
        exchange-node backup --check 445102.backup --passphrase-file passphrase

    Args:
        output: 要写的文件，不得已存在 / The file to write; it must not be there yet.
        check: 只检查一份备份，并列出其内容 / Only open a backup, and list what is in it.
        passphrase_file: 存有口令的文件，权限 0600，至少 12 位 / The file of the passphrase, mode 0600, 12 places or more.
        config: 节点的 YAML 文件 / The node's YAML file.
    """
    from node.setup import archive as sealing  # noqa: PLC0415  # brings ciphers, which most commands do not need
    from node.setup.backup import take, write_archive  # noqa: PLC0415

    passphrase = read_secret(passphrase_file)
    if check is not None:
        found = sealing.unseal(_read(check), passphrase)
        told = {"made": found.made, "release": found.release, "division": found.division, "folder": found.folder, "moved": found.moved}
        files = {one.name: one.sha256 for one in found.files}
        lines = [
            voice.say(
                f"{check}: whole; of {found.division}, made {found.made}, release {found.release}",
                f"{check}：完整；{found.division}，生成于 {found.made}，版本 {found.release}",
            )
        ]
        lines += [f"  {digest[:16]}  {name}" + (f" ← {found.moved[name]}" if name in found.moved else "") for name, digest in files.items()]
        voice.tell(told | {"files": files}, "\n".join(lines))
        return Exit.OK
    assert output is not None
    taken = take(config)
    try:
        write_archive(output, sealing.seal(taken, passphrase))
    except FileExistsError as error:
        en = f"{output} is there already, and is not written over: name another by --output"
        raise CliError("file-exists", en, f"{output} 已存在，不会覆盖：请用 --output 另行指定", Exit.WRONG) from error
    many = len(taken.files)
    en = f"{many} files of {taken.division} are in {output}; see that it opens: `exchange-node backup --check {output} --passphrase-file …`"
    zh = f"{taken.division} 的 {many} 个文件已写入 {output}；请确认能够打开：`exchange-node backup --check {output} --passphrase-file …`"
    voice.tell({"file": str(output), "files": [one.name for one in taken.files]}, voice.say(en, zh))
    return Exit.OK


def restore(file: ExistingFile, /, *, into: Path, passphrase_file: Passphrase, voice: Voice = VOICE) -> int:
    """由备份恢复节点的文件夹，供在空机器上重新启动 / Restore a node's folder from a backup, to start it on an empty machine.

    要么全部写入，要么什么也不写 / All of it is written, or nothing. 启动后节点先由邻近集群补齐自己的控制日志，再写新内容 / Once started, the node takes what its
    control log lacks from its parent's cluster before it says more; a root's comes by `log import`.

    例如 / For example:

        exchange-node restore 445102.backup --into 445102 --passphrase-file passphrase

    Args:
        file: 由 backup 写出的文件 / The file that `backup` wrote.
        into: 文件夹，须为空或不存在 / The folder, empty or not there.
        passphrase_file: 存有口令的文件 / The file of the passphrase.
    """
    from node.setup import archive as sealing  # noqa: PLC0415  # as above
    from node.setup.backup import restore as write  # noqa: PLC0415

    found = sealing.unseal(_read(file), read_secret(passphrase_file))
    names = write(found, into)
    config = into / found.config
    en = [f"{len(names)} files of {found.division}, as of {found.made}, are in {into}: `exchange-node run --config {config}`"]
    zh = [f"{found.division} 截至 {found.made} 的 {len(names)} 个文件已写入 {into}：`exchange-node run --config {config}`"]
    for name, before in found.moved.items():
        en.append(f"  {name} was {before}; {found.config} names it here now")
        zh.append(f"  {name} 原为 {before}；{found.config} 已改为指向此处")
    look = f"exchange-node access list --config {config}"
    again_en = f"it was made {found.made}: tokens removed since then count again, see `{look}`; invitations were left out, give them anew"
    again_zh = f"备份生成于 {found.made}：此后移除的令牌重新有效，请查看 `{look}`；邀请未恢复，请重新签发"
    en, zh = [*en, again_en], [*zh, again_zh]
    told = {"division": found.division, "config": str(config), "files": names, "moved": found.moved, "made": found.made}
    told |= {"warning": {"en": again_en, "zh": again_zh}}
    voice.tell(told, voice.say("\n".join(en), "\n".join(zh)))
    return Exit.OK


def _read(file: Path) -> bytes:
    from node.setup.archive import BYTES_MAX  # noqa: PLC0415  # as above

    with file.open("rb") as source:
        return source.read(2 * BYTES_MAX)
