"""LIAR's records hold earlier days only; groups of sources are told by office and place."""

import numpy as np
import pytest

from benchmarks.quality.liar import LABELS, Row, accuracies, earlier_shares
from benchmarks.quality.source_groups import _evidence, _office, _place
from benchmarks.quality.targets import Line

NONE = tuple(0.0 for _ in range(5))


def row(label: int, day: str, speaker: str = "a") -> Row:
    return Row("The state has jobs.", speaker, "a speech", label, NONE, day)


def test_a_record_holds_no_verdict_of_the_same_or_a_later_day_nor_of_an_unknown_one() -> None:
    rows = [row(0, "2010-01-02"), row(5, "2010-01-01"), row(3, "2010-01-02"), row(2, ""), row(1, "2010-01-01", "b")]

    counts = np.expm1(earlier_shares(rows)[:, -1])

    assert counts.tolist() == pytest.approx([1, 0, 1, 0, 0])


def test_shares_of_classes_sum_to_one_with_or_without_a_record() -> None:
    shares = earlier_shares([row(0, "2010-01-02"), row(5, "2010-01-01")])[:, :-1]

    assert shares.sum(axis=1).tolist() == pytest.approx([1.0, 1.0])
    assert shares[0].argmax() == 5


def test_six_classes_are_told_apart_where_the_record_tells_them() -> None:
    chance = np.random.default_rng(2)
    rows = []
    for number in range(240):
        label = number % len(LABELS)
        text = " ".join(chance.choice(["tax", "jobs", "crime", "water", "school"], 6))
        day = f"20{10 + number // 60}-01-{1 + number % 28:02d}"
        rows.append(Row(text, f"speaker {label}", "", label, tuple(float(label == i) for i in range(5)), day))
        rows.append(Row(text, f"speaker {label}", "a speech", label, tuple(float(label == i) for i in range(5)), day))

    found = accuracies({"train": rows[:360], "valid": rows[360:400], "test": rows[400:]})

    assert found["default features"] > 0.9 > found["words and context"]


@pytest.mark.parametrize(
    ("job", "office"),
    [
        ("u.s. senator", "U.S. Congress"),
        ("state senator", "state legislature"),
        ("president-elect", "president or candidate for it"),
        ("former governor", "governor or mayor"),
        ("radio host", "other office or profession"),
    ],
)
def test_offices_are_told_by_the_job(job: str, office: str) -> None:
    assert _office(job) == office


@pytest.mark.parametrize(
    ("context", "place"),
    [
        ("a tweet", "social media"),
        ("social_media", "social media"),
        ("a tv ad", "advertisement"),
        ("a cnn interview", "interview or broadcast"),
        ("a salad bar", "elsewhere"),
        ("", "not given"),
    ],
)
def test_places_are_told_by_whole_words(context: str, place: str) -> None:
    assert _place(context) == place


@pytest.mark.parametrize(
    ("count", "group"),
    [(0, "no verdict"), (1, "1 to 4 verdicts"), (5, "5 to 19 verdicts"), (20, "20 verdicts or more")],
)
def test_evidence_is_told_by_the_count_of_verdicts(count: float, group: str) -> None:
    assert _evidence(count) == group


def test_a_line_says_met_or_short_and_an_aim_is_only_told() -> None:
    texts = [Line("AUC", "0.76", "at least 0.75", met).text() for met in (True, False, None)]

    assert texts == [
        "AUC | 0.76 | at least 0.75 | met",
        "AUC | 0.76 | at least 0.75 | short",
        "AUC | 0.76 | at least 0.75 | info",
    ]
