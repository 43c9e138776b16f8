"""Choose what `use` gives when the remote root does not answer, or when its revision cannot be had. This is pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.store.names import timestamp_order

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def fallback(named: str | None, pulled: Sequence[str], withdrawn: Collection[str] = ()) -> str | None:
    """Choose a revision when the remote root cannot be asked, or when its revision cannot be built on this machine.

    Args:
        named: the timestamp that the remote root named last, as far as this machine knows; None if it does not know.
        pulled: the timestamps of the remote root's revisions that are ready on this machine, newest first.
        withdrawn: the timestamps of the revisions that users have gone back from.

    Returns:
        One of `pulled`, or None. It is never newer than `named`: the studio has gone back from anything newer.
    """
    if named in pulled:
        return named
    left = [one for one in pulled if one not in withdrawn]
    if named is None:
        return next(iter(left), None)
    return next((one for one in left if timestamp_order(one) <= timestamp_order(named)), None)
