"""How the system schedules the threads that carry calls beside the one that answers them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def yielding_threads() -> Iterator[None]:
    """Threads begun in the block do not interrupt others when they wake (Linux, SCHED_BATCH).

    Where the transport's threads and the event loop share a core, each event would otherwise stop
    the loop in the middle of an answer, often to wait for a lock that the loop holds: some eight
    switches a call. The policy is inherited at birth, so this thread takes it on for as long as the
    block lasts; it needs no privilege. Where there is no such policy, or the process was started
    under another than the usual one, nothing changes.
    """
    if not hasattr(os, "SCHED_BATCH") or os.sched_getscheduler(0) != os.SCHED_OTHER:
        yield
        return
    try:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    except OSError:  # A sandbox that forbids it.
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
