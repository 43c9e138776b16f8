"""Write what launches read: values with a digest before them."""

from __future__ import annotations

import marshal
import sys
from typing import TYPE_CHECKING, Any

from rezup.fastpath import digest

if TYPE_CHECKING:
    from rezup.fastpath.record import Record


def seal(value: Any, salt: str = "") -> bytes:
    """Write a value as bytes, with a digest before them; `unseal` reads them.

    Args:
        value: a value of the types that `marshal` supports.
        salt: a text without which the bytes cannot be unsealed.
    """
    payload = marshal.dumps(value)
    return digest(payload, salt) + payload


def dumped(record: Record) -> bytes:
    """The content of a record's file. A Python of another version cannot unseal it, because its byte code differs."""
    return seal(vars(record), sys.version)
