"""Files that are built once and used again, with their SHA-256: a damaged one is made again."""

from hashlib import sha256
from pathlib import Path

SUFFIX = ".sha256"


def keep_file(built: Path, target: Path) -> None:
    """Move a finished file to its place; `built` lies on the same file system.

    A process killed in between leaves a digest that is not the file's: it is not used then.
    """
    digest = built.with_name(built.name + SUFFIX)
    digest.write_text(_digest(built), encoding="ascii")
    digest.replace(_beside(target))
    built.replace(target)


def is_whole(target: Path) -> bool:
    """Tell whether a file is there and is the one that was kept."""
    try:
        return _beside(target).read_text(encoding="ascii") == _digest(target)
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _beside(target: Path) -> Path:
    return target.with_name(target.name + SUFFIX)


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
