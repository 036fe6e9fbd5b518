"""Where the C library takes memory from."""

import ctypes
import os

_M_ARENA_MAX = -8
"""Of glibc's malloc.h: how many arenas there may be; mallopt(3)."""


def share_one_arena() -> bool:
    """Have all threads allocate from one arena, and tell whether the C library can (glibc does).

    Otherwise each thread of the transport keeps an arena of its own, and a flood that passes from
    one to the next leaves its peak behind in every one of them. To be called before threads begin.
    An operator's own MALLOC_ARENA_MAX is left as it is.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_ARENA_MAX, 1))
