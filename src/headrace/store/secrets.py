"""Sealing of secrets: encrypted, authenticated, bound to what they belong to (invariant 8)."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shlex
import subprocess
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from headrace.durable import flush
from headrace.errors import HeadraceError, SettingsError
from headrace.later import Later
from headrace.log import redacted
from headrace.settings import Settings

if TYPE_CHECKING:
    from cryptography import fernet
else:
    fernet = Later("cryptography.fernet")

KEY_NAME = "key"
_COMMAND_TIMEOUT_S = 30
_KEY_BYTES = 32


class SealError(HeadraceError):
    """Sealed text that no key opens, or that belongs to something else."""


class Sealer:
    """Seals text with the first of its keys and opens what any of them sealed, so keys can be rotated."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._given = keys
        self._digest_key = hashlib.sha256(b"headrace digests " + keys[0].encode()).digest()

    @cached_property
    def _keys(self) -> fernet.MultiFernet:
        # Made when something is sealed: most flows have no secrets.
        return fernet.MultiFernet([fernet.Fernet(key) for key in self._given])

    @classmethod
    def from_text(cls, text: str, *, origin: str) -> Self:
        """Read keys as HEADRACE_KEY and the key file have them: Fernet keys, separated by commas or line ends.

        A Fernet key is 32 bytes in URL-safe base64. Raises SettingsError naming `origin`, never the key.
        """
        given = [key.strip() for key in text.replace("\n", ",").split(",") if key.strip()]
        if not all(map(_is_key, given)):
            raise SettingsError(_not_a_key(origin, f"a key is not valid (not {_KEY_BYTES} bytes in URL-safe base64)"))
        if not given:
            raise SettingsError(_not_a_key(origin, "there is no key in it"))
        return cls(given)

    @classmethod
    def open_folder(cls, data: Path, key: str | None = None) -> Self:
        """Use the keys in `key` (the setting HEADRACE_KEY); without one those of the file `key` in the data folder.

        The file is made with a new key, readable by its owner only, if there is none.
        """
        if key is not None:
            return cls.from_text(key, origin="HEADRACE_KEY")
        path = data / KEY_NAME
        try:
            return cls.from_text(_read_or_make(path), origin=str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"headrace can't read or make its key file {path}: {error}") from error

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Use the keys that the settings name: HEADRACE_KEY, what HEADRACE_KEY_COMMAND prints, else the key file."""
        if settings.key is not None and settings.key_command is not None:
            raise SettingsError("HEADRACE_KEY and HEADRACE_KEY_COMMAND are both set: set one of them.")
        if settings.key_command is not None:
            return cls.from_text(_printed(settings.key_command), origin="HEADRACE_KEY_COMMAND")
        return cls.open_folder(settings.data, settings.key)

    def digest(self, text: str) -> str:
        """A digest of the text that only who has the first key can compute, so that it can't be guessed at."""
        return hmac.new(self._digest_key, text.encode(), hashlib.sha256).hexdigest()

    def seal(self, text: str, bound_to: str) -> str:
        """Sealed text in URL-safe base64. Only who names the same `bound_to` can open it."""
        # Inside, so that it is authenticated: a sealed secret moved to another row does not open.
        plain = json.dumps([bound_to, text])
        return self._keys.encrypt(plain.encode()).decode("ascii")

    def open(self, sealed: str, bound_to: str) -> str:
        """The text that was sealed; raises SealError if it was changed, or sealed for something else."""
        try:
            plain = self._keys.decrypt(sealed.encode("utf-8", "replace"))
        except fernet.InvalidToken:
            raise SealError(f"what was sealed for {bound_to} can't be opened with the present keys") from None
        owner, text = json.loads(plain)
        if owner != bound_to:
            raise SealError(f"what should belong to {bound_to} was sealed for something else")
        return str(text)


class KeyFile:
    """The file `key` of a data folder, one Fernet key a line, the one to seal with first."""

    def __init__(self, data: Path) -> None:
        self._path = data / KEY_NAME

    def add(self) -> None:
        """Put a new key before those that are there."""
        self._replace(f"{_new_key()}\n{self._read()}")

    def keep_first(self) -> None:
        """Drop all keys but the first."""
        self._replace(self._read().replace(",", "\n").split()[0] + "\n")

    def _read(self) -> str:
        try:
            return _read_or_make(self._path)
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"headrace can't read or make its key file {self._path}: {error}") from error

    def _replace(self, text: str) -> None:
        """Write the file anew; whoever reads it sees the old text or the new one, whole."""
        beside = self._path.with_suffix(".new")
        try:
            beside.unlink(missing_ok=True)
            _write_new(beside, text)
            beside.replace(self._path)
            flush(self._path.parent)
        except OSError as error:
            raise SettingsError(f"headrace can't write its key file {self._path}: {error}") from error


def _is_key(text: str) -> bool:
    try:
        return len(urlsafe_b64decode(text)) == _KEY_BYTES
    except ValueError:
        return False


def _new_key() -> str:
    return urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode("ascii")


def _read_or_make(path: Path) -> str:
    key = _new_key()
    try:
        _write_new(path, key + "\n")
    except FileExistsError:
        return path.read_text("ascii")
    return key


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, for its owner only. Raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def _printed(command: str) -> str:
    """What the command prints; it is run without a shell. SettingsError, never with its output, where it fails."""
    try:
        done = subprocess.run(shlex.split(command), capture_output=True, timeout=_COMMAND_TIMEOUT_S, check=False)
        if done.returncode == 0:
            return done.stdout.decode("ascii")
        fault = f"it ended with exit code {done.returncode}"
        said = redacted(done.stderr.decode("utf-8", "replace").strip()[-500:])
        raise SettingsError(f"HEADRACE_KEY_COMMAND: {fault}{': ' if said else ''}{said}")
    except subprocess.TimeoutExpired:
        raise SettingsError(f"HEADRACE_KEY_COMMAND: it did not end within {_COMMAND_TIMEOUT_S} s") from None
    except UnicodeDecodeError:
        raise SettingsError(_not_a_key("HEADRACE_KEY_COMMAND", "what it prints is no ASCII text")) from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"HEADRACE_KEY_COMMAND: it can't be run: {error}") from None


def _not_a_key(origin: str, fault: str) -> str:
    return (
        f"{origin}: {fault}. Give Fernet keys, separated by commas, the one to seal with first; make one with"
        " python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'."
    )
