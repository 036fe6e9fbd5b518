"""The log's outlet: whole lines in order, and never a wait."""

import os
import threading

from reputable.adapters.log_outlet import LogOutlet


def read_all(descriptor: int) -> list[str]:
    with os.fdopen(descriptor) as lines:
        return lines.read().splitlines()


def test_every_line_is_written_in_order_before_it_is_closed() -> None:
    read, write = os.pipe()
    with LogOutlet(write, lambda _: None) as outlet:
        for number in range(1_000):
            outlet.write(f"line {number}\n")
    os.close(write)
    assert read_all(read) == [f"line {number}" for number in range(1_000)]


def test_unread_lines_are_dropped_and_counted_and_nothing_waits() -> None:
    read, write = os.pipe()
    dropped: list[int] = []
    told = threading.Event()

    def on_dropped(count: int) -> None:
        dropped.append(count)
        told.set()

    outlet = LogOutlet(write, on_dropped, most=10)
    for number in range(1_000):
        outlet.write(f"{number} {'x' * 1_000}\n")  # A pipe holds 64 KiB.
    reader = threading.Thread(target=lambda: found.extend(read_all(read)))
    found: list[str] = []
    reader.start()
    assert told.wait(5)
    outlet.close()
    os.close(write)
    reader.join(5)
    assert len(found) + sum(dropped) == 1_000
    assert sum(dropped) == outlet.dropped_in_all > 500


def test_a_closed_end_is_borne() -> None:
    read, write = os.pipe()
    os.close(read)
    with LogOutlet(write, lambda _: None) as outlet:
        outlet.write("nobody reads this\n")
    os.close(write)
