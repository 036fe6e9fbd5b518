"""Minutes of kills, and of readers that look for anything stale."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import Targets
from tests.faults.database import Database, databases
from tests.faults.proxy import FaultProxy, pass_on
from tests.faults.redis_faults import Desynchronise
from tests.faults.running import Redis, Service, children
from tests.faults.staleness import Hunt
from tests.faults.writing import Book, verify

pytestmark = [pytest.mark.soak, pytest.mark.postgres]

KILLS = 25
VERDICTS = 20_000
POINTS = ("before_insert", "before_commit", "after_commit", "after_acknowledgement")
WANTED = "0 lost, 0 double"


@pytest.fixture
def database() -> Iterator[Database]:
    """A server of the test's own."""
    with databases() as one:
        yield one


def orders(folder: Path, cycle: int, chooser: random.Random) -> dict[str, str]:
    """How the service of this cycle dies: at a failpoint, in a checkpoint, or (none) of a kill."""
    kind = cycle % 6
    if kind < len(POINTS):
        return {"REPUTABLE_TEST_FAILPOINT": f"{POINTS[kind]}:{chooser.randint(150, 400)}"}
    if kind == len(POINTS):
        return {"REPUTABLE_TEST_DISK": str(folder / "orders")}
    return {}


def kill_during_start(folder: Path, chooser: random.Random) -> None:
    """Have a start end in the middle of reading the ledger."""
    dying = Service(folder, environ={"REPUTABLE_TEST_FAILPOINT": f"during_start:{chooser.randint(1, 15)}"})
    with dying.start(wait=False):
        assert dying.running.wait(20) == -9


def test_f20_sqlite_loses_nothing_over_25_kills(tmp_path: Path, targets: Targets) -> None:
    chooser, book, kills = random.Random(20), Book(), 0
    while kills < KILLS or len(book.acknowledged) < VERDICTS:
        if kills and kills % 6 == 5:
            kill_during_start(tmp_path, chooser)
            kills += 1
        service = Service(tmp_path, environ=orders(tmp_path, kills, chooser))
        with service.start():
            book.settle(service)
            (tmp_path / "orders").write_text(f"kill {chooser.randint(1, 40)}")
            write_until_killed(book, [service], service.kill, kills)
        (tmp_path / "orders").write_text("")
        kills += 1
    with Service(tmp_path) as service:
        unsure = len(book.unsure)
        book.settle(service)
        book.audit(service)
        url = service.ledger_url
    verify(url)
    report(targets, "SQLite", book, kills, unsure)


def write_until_killed(book: Book, services: list[Service], kill: Callable[[], None], kills: int) -> None:
    """Record enough verdicts, then kill under way, unless what is to die has died of its failpoint."""
    wanted = len(book.acknowledged) + max(800, (VERDICTS - len(book.acknowledged)) // max(1, KILLS - kills))
    ended = threading.Event()

    def end() -> None:
        while len(book.acknowledged) < wanted and services[0].running.poll() is None:
            time.sleep(0.01)
        kill()
        time.sleep(0.2)  # The callers go on for a little and find nobody.
        ended.set()

    killer = threading.Thread(target=end)
    killer.start()
    book.write(services, threads=12, until=ended.is_set)
    killer.join()


def report(targets: Targets, ledger: str, book: Book, kills: int, unsure: int) -> None:
    """What the audit found to be so: it raises when a verdict is lost or counted twice."""
    targets.reached(
        f"{ledger}: {len(book.acknowledged):,} acknowledged verdicts over {kills} kill -9",
        f"0 lost, 0 double, {book.duplicates} retries known as duplicates, {unsure} unsure at the end",
        WANTED,
        met=len(book.acknowledged) >= VERDICTS and kills >= KILLS,
    )


def test_f20_postgresql_loses_nothing_over_25_kills(tmp_path: Path, database: Database, targets: Targets) -> None:
    chooser, book, kills = random.Random(21), Book(), 0
    steady = Service(tmp_path, database.url)
    with children(steady):
        steady.start()
        while kills < KILLS or len(book.acknowledged) < VERDICTS:
            of_database = kills % 5 == 4
            environ = {}
            if not of_database and kills % 4 < 3:
                point = ("before_insert", "after_commit", "after_acknowledgement")[kills % 4]
                environ = {"REPUTABLE_TEST_FAILPOINT": f"{point}:{chooser.randint(40, 120)}"}
            dying = Service(tmp_path, database.url, environ=environ)
            with dying.start():
                book.settle(steady)  # The other would reach its failpoint meanwhile.
                write_until_killed(book, [dying, steady], database.kill if of_database else dying.kill, kills)
                if of_database:
                    database.restart()
            kills += 1
        unsure = len(book.unsure)
        book.settle(steady)
        book.audit(steady)
    verify(database.direct)
    report(targets, "PostgreSQL", book, kills, unsure)


class Trouble:
    """Redis is flushed, desynchronised, stopped and killed, in turn."""

    def __init__(self, redis: Redis, proxy: FaultProxy) -> None:
        self._redis = redis
        self._proxy = proxy

    def __call__(self, ended: threading.Event) -> None:
        """Go on until ended; all is well in between and at the end."""
        while not ended.is_set():
            self._redis.command("FLUSHALL")
            ended.wait(0.7)
            self._proxy.fault = Desynchronise()
            ended.wait(0.7)
            self._proxy.fault = pass_on
            ended.wait(1.5)
            self._redis.signal(signal.SIGSTOP)
            ended.wait(0.5)
            self._redis.signal(signal.SIGCONT)
            ended.wait(1.5)
            self._redis.kill()
            ended.wait(0.3)
            self._redis.start()
            ended.wait(1.5)


@pytest.mark.parametrize(
    ("variant", "writes", "reads"), [("", 1_000, 50_000), ("delete_after_commit", 400, 10_000)], ids=["ours", "naive"]
)
def test_no_read_of_50000_is_stale(
    tmp_path: Path, database: Database, redis: Redis, targets: Targets, variant: str, writes: int, reads: int
) -> None:
    with FaultProxy(redis.port) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}"
        environ = {"REPUTABLE_LOCAL_CACHE_SIZE": "0"} | ({"REPUTABLE_TEST_VARIANT": variant} if variant else {})
        both = [Service(tmp_path, database.url, url, dict(environ)) for _ in range(2)]
        with children(*both):
            hunt = Hunt([service.start() for service in both], sources=40)
            started = time.monotonic()
            hunt.run(writes, reads, trouble=Trouble(redis, proxy), readers=8, pause=0.05, seconds=300)
            print(f"{variant or 'ours'}: {hunt.report()} in {time.monotonic() - started:.0f} s")
    stale, read = sum(hunt.stale.values()), sum(hunt.reads.values())
    measured = f"{stale} stale of {read:,} reads, {len(hunt.failed)} failed"
    target = f"two replicas, {writes:,} acknowledged verdicts while Redis fails"
    if variant:
        targets.reached(f"naive (delete after commit): {target}", measured, "more than 0 stale", met=stale > 0)
    else:
        met = stale == 0 and read >= reads and not hunt.failed
        targets.reached(target, measured, f"0 stale of {reads:,}, 0 failed", met=met)
