"""Read and make the entries of a log: each is a JSON document of all that is published, and of the act that made it so.

    <container>/log/<generation>.json

    {"document": {"format": 1, "log": "9f…", "container": "dev", "generation": 12, "id": "41…",
                  "chain": [[11, "<sha256>"], [9, "<sha256>"], …], "void": [],
                  "newest": {"timestamp": "1769853600.000000", "manifest": "<sha256>", "generation": 12, "entry": ""},
                  "pin": null, "labels": {"staging": {…}}, "recent": [{…}, …], "removed": [], "dropped": false,
                  "before": "", "act": {"act": "publish", "who": "ana", …}, "critical": []},
     "signatures": []}

An entry counts if it states the log, the container and the generation under whose name it lies, and the digest of the entry
before it. Fields that this rezup does not know are carried over into the next entry, unless the list `critical` names them: then
only a newer rezup can read the container.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from rezup_api.frozen import asdict, dataclass
from rezup_api.published.published_state import RECENT, Publication, State
from rezup_api.store.history import Act, act_from
from rezup_api.store.names import is_label, is_timestamp
from rezup_api.store.pin import Pin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FORMAT = 1
# Bytes of one entry at most: about 200 labels fit.
LIMIT = 64 << 10
# An entry names so many entries before it with their digests.
CHAIN = 33
GREATEST = 10**9 - 1
# How deeply a document may be nested. How much Python could read depends on the caller, and all must read the same.
DEPTH = 32
_FIELDS = frozenset(
    {"format", "log", "container", "generation", "id", "chain", "void", "newest", "pin", "labels"}
    | {"recent", "removed", "dropped", "before", "act", "critical"}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One valid entry of a log.

    Args:
        log: the log's random name, made with its first entry: 32 hexadecimal digits.
        container: the container's name.
        generation: the entry's number.
        chain: the numbers and digests of the valid entries before this one, the last one first.
        state: what is published from this entry on.
        act: the act that made it so.
        removed: the timestamps of the revisions that this act has removed.
        others: the fields of the document that this rezup does not know.
        data: the bytes of the entry.
        digest: the SHA-256 of these bytes, in hexadecimal.
    """

    log: str
    container: str
    generation: int
    chain: tuple[tuple[int, str], ...]
    state: State
    act: Act
    removed: tuple[str, ...]
    others: Mapping[str, Any]
    data: bytes
    digest: str

    @property
    def link(self) -> tuple[int, str]:
        """The number and the digest by which other entries name this one."""
        return self.generation, self.digest


def make_entry(
    before: Entry | None,
    generation: int,
    state: State,
    act: Act,
    *,
    log: str,
    container: str,
    identity: str,
    removed: Iterable[str] = (),
) -> Entry:
    """The entry that makes `state` what is published.

    Args:
        before: the last valid entry; None if this is the first one.
        generation: its number: the first free one after `before`; the numbers between them are void.
        act: the act that makes it so.
        log: the log's name, see `Entry`.
        container: the container's name.
        identity: a random text, by which its writer recognises the entry.
        removed: the timestamps of the revisions that the act removes.

    Raises:
        ValueError: the entry would be larger than `LIMIT`.
    """
    first = before.generation + 1 if before is not None else 1
    chain = [before.link, *before.chain][:CHAIN] if before is not None else []
    if before is not None:
        state = state.settled(*before.link)
    document: dict[str, Any] = {
        **(before.others if before is not None else {}),
        "format": FORMAT,
        "log": log,
        "container": container,
        "generation": generation,
        "id": identity,
        "chain": [list(link) for link in chain],
        "void": [[first, generation - 1]] if first < generation else [],
        **_stated(state),
        "removed": list(removed),
        "act": asdict(act),
        "critical": [],
    }
    text = json.dumps({"document": document, "signatures": []}, ensure_ascii=False, sort_keys=True)
    data = text.encode("utf-8", "replace") + b"\n"
    if len(data) > LIMIT:
        raise ValueError(f"it has {len(data)} bytes, and {LIMIT} is the limit")
    return parse_entry(data)


def _stated(state: State) -> dict[str, Any]:
    pin = state.pin
    return {
        "newest": asdict(state.newest) if state.newest is not None else None,
        "pin": {"revision": asdict(state.pinned), "until": pin.until, "withdrawn": list(pin.withdrawn)}
        if pin is not None and state.pinned is not None
        else None,
        "labels": {label: asdict(one) for label, one in state.labels.items()},
        "recent": [asdict(one) for one in state.recent],
        "dropped": state.dropped,
        "before": state.before,
    }


def parse_entry(data: bytes) -> Entry:
    """Read the bytes of an entry.

    Raises:
        ValueError: the bytes are not an entry, or not one that this rezup may read.
    """
    if len(data) > LIMIT:
        raise ValueError("it is too large")
    try:
        # From bytes, `json` would read UTF-16 and UTF-32 too, if the caller's Python can.
        whole = json.loads(data.decode("utf-8"), parse_constant=_refused, object_pairs_hook=_unique)
        _check_depth(whole, DEPTH)
        document = whole["document"]
        # Half a surrogate pair, or 1e400, which is read as infinite, could not be written again in the next entry.
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8")
        return _entry(document, data)
    except (KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"it is not an entry: {error}") from error


def _entry(document: dict[str, Any], data: bytes) -> Entry:
    unknown = [name for name in _listed(document["critical"], str) if name not in _FIELDS]
    if document["format"] != FORMAT or unknown:
        raise UnknownFormatError((document["log"], document["container"], document["generation"]))
    generation = _number(document["generation"])
    chain = tuple((_number(number), _digest(digest)) for number, digest in _listed(document["chain"], list))
    last = chain[0][0] if chain else 0
    numbers = [generation, *(number for number, _ in chain)]
    # The void numbers are those between two valid entries, so the list can only say what the chain says already.
    void = [[last + 1, generation - 1]] if last + 1 < generation else []
    if numbers != sorted(set(numbers), reverse=True) or len(chain) > CHAIN or document["void"] != void:
        raise ValueError("its numbers do not fit together")
    _checked(document["id"], bool)
    pin = document["pin"]
    pinned = _publication(pin["revision"], generation) if pin is not None else None
    labels = {_checked(label, is_label): _publication(one, generation) for label, one in document["labels"].items()}
    state = State(
        newest=_publication(document["newest"], generation) if document["newest"] is not None else None,
        pin=_pin(pinned.timestamp, pin) if pinned is not None else None,
        pinned=pinned,
        labels=dict(sorted(labels.items())),
        recent=tuple(_publication(one, generation) for one in _listed(document["recent"], dict))[:RECENT],
        dropped=_flag(document["dropped"]),
        before=_checked(document["before"], _is_moment),
    )
    return Entry(
        log=_digest(document["log"], 32),
        container=_checked(document["container"], bool),
        generation=generation,
        chain=chain,
        state=state,
        act=act_from(document["act"]),
        removed=tuple(_checked(one, is_timestamp) for one in _listed(document["removed"], str)),
        others={name: value for name, value in document.items() if name not in _FIELDS},
        data=data,
        digest=hashlib.sha256(data).hexdigest(),
    )


class UnknownFormatError(ValueError):
    """An entry is of a format that only a newer rezup knows.

    Args:
        stated: the log, the container and the generation that it states.
    """

    def __init__(self, stated: tuple[Any, Any, Any]) -> None:
        super().__init__("it needs a newer rezup")
        self.stated = stated


def _pin(timestamp: str, document: dict[str, Any]) -> Pin:
    until = _checked(document["until"], _is_moment)
    return Pin(timestamp, until, tuple(_checked(one, is_timestamp) for one in _listed(document["withdrawn"], str)))


def _publication(document: dict[str, Any], generation: int) -> Publication:
    number = _number(document["generation"], least=0)
    if number > generation:
        raise ValueError("it names a publication that is still to come")
    return Publication(
        _checked(document["timestamp"], is_timestamp),
        _digest(document["manifest"], empty=True),
        number,
        _digest(document["entry"], empty=True),
    )


def _checked(value: object, fits: Callable[[str], object]) -> str:
    if not isinstance(value, str) or not fits(value):
        raise ValueError(f"{value!r:.40} does not belong there")
    return value


def _is_moment(text: str) -> bool:
    return not text or is_timestamp(text)


def _digest(value: object, digits: int = 64, *, empty: bool = False) -> str:
    allowed = {0, digits} if empty else {digits}
    return _checked(value, lambda text: len(text) in allowed and not set(text) - set("0123456789abcdef"))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r:.40} is neither true nor false")
    return value


def _number(value: object, least: int = 1) -> int:
    if type(value) is not int or not least <= value <= GREATEST:
        raise ValueError(f"{value!r:.40} is not a generation")
    return value


def _listed(value: object, kind: type) -> list[Any]:
    if not isinstance(value, list) or not all(isinstance(one, kind) for one in value):
        raise ValueError(f"{value!r:.40} is not a list")
    return value


def _check_depth(value: object, left: int) -> None:
    if not left:
        raise ValueError("it is nested too deeply")
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(one, left - 1)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object without a name that occurs twice: two readers could take different values for it."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it has a name twice")
    return found


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
