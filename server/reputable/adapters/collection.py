"""How Python's cyclic garbage collector goes about its work in a service."""

import gc

THRESHOLDS = (700, 140, 20)
"""Objects made, and collections of the younger generation, before one of the next; see `gc.set_threshold`.

Each call leaves grpc.aio's look-up of its method to the collector, a cycle of six objects: 5,000 of them
at once stop all calls for over a millisecond.
"""


def spare_what_stays() -> None:
    """Have the collector leave alone what is there now, and look less often at what comes.

    A full collection walks every object while all calls wait: models, names and modules are most of
    them, stay for good, and hold no garbage. To be called once all is loaded.
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
