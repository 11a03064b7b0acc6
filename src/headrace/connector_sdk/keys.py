"""Keys of objects as paths: what every kind of bucket can hold."""

from __future__ import annotations

from headrace.connector_sdk.contract import SourceFile
from headrace.errors import Stop

# How a folder bucket names what is not whole yet; no object.
UNFINISHED = ".headrace-unfinished-"


def path_of(bucket: str, key: str) -> str:
    """The key as a relative path: empty parts (`a//b`, `/a`) fall away.

    Raises Stop where a part is `.` or `..`, nothing is left, or no file could have the name.
    """
    parts = [part for part in key.split("/") if part]
    if not parts or not {".", ".."}.isdisjoint(parts) or not is_possible(key):
        raise Stop(
            f"The key {key!r} can't be an object of bucket {bucket!r}: allowed are parts other than . and .. between"
            " slashes, of text without a NUL character. Choose another prefix."
        )
    return "/".join(parts)


def folder_of(prefix: str) -> str | None:
    """The deepest folder that holds every key that begins so, `""` for the bucket; None: no key can begin so."""
    beginning, slash, _ = prefix.rpartition("/")
    parts = beginning.split("/") if slash else []
    return beginning if {"", ".", ".."}.isdisjoint(parts) and is_possible(prefix) else None


def is_possible(text: str) -> bool:
    """Whether any key holds this text: half characters and NUL are in none."""
    return "\0" not in text and text.encode("utf-8", "replace").decode() == text


def checked_bucket(name: str) -> str:
    """The name where it may become part of a path or URL. Raises Stop where that could lead elsewhere."""
    if name.strip(".") and not any(character in "/\\:@?#%\0" or character.isspace() for character in name):
        return name
    raise Stop(f"{name!r} is no bucket's name: allowed are letters, digits, dots, hyphens and underscores.")


def gone(file: SourceFile) -> Stop:
    """A file that was listed and isn't there any more."""
    return Stop(f"{file.name} is gone since the run began. Start the flow again.")


def changed(file: SourceFile) -> Stop:
    """A file that is another one than was listed."""
    return Stop(f"{file.name} has changed since the run began. Start the flow again.")
