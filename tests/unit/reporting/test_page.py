"""The page is whole in itself and says nothing that the names of sources could turn into code."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from reputable.reporting.page import Section, page, plots, table
from reputable.reporting.plots import bars, reliability_diagram
from reputable.reporting.scored import Scored
from reputable.reporting.sections import (
    ablation_section,
    calibration_section,
    drift_section,
    number,
    timeline_section,
)

YEAR = 365 * 86_400_000_000


def claims(count: int = 300) -> Scored:
    """Made-up scored claims of three sources over two years."""
    chance = np.random.default_rng(3)
    p = chance.uniform(0.05, 0.95, count)
    reliability = np.column_stack([np.full(count, 0.5), np.full(count, 0.3), np.full(count, 0.7)])
    return Scored(
        credibility=p,
        credible=chance.random(count) < p,
        claimed_at=np.sort(chance.integers(50 * YEAR, 52 * YEAR, count)),
        sources=chance.choice(["<script>alert(1)</script>", "B & C", "$x$"], count, p=[0.6, 0.3, 0.1]),
        reliability=reliability,
    )


def test_names_of_sources_stand_in_the_page_as_text_only() -> None:
    html = page("T", "lead", [timeline_section(claims())])

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;, " in html
    assert "B &amp; C, " in html


def test_a_drawing_is_well_formed_and_the_same_each_time() -> None:
    first, second = reliability_diagram(claims()), reliability_diagram(claims())

    ET.fromstring(first)  # noqa: S314 - our own drawing.
    assert first == second


def test_every_section_has_its_figures_and_a_table_row_for_each_year() -> None:
    scored = claims()
    html = page("T", "lead", [calibration_section(scored), drift_section(scored)])

    assert html.count("<img ") == 3
    assert html.count("<tr ") == len(np.unique(scored.years))
    assert 'name="viewport"' in html


def test_a_factor_that_does_harm_has_a_better_score_without_it() -> None:
    scored = claims()
    better = np.where(scored.credible, 0.9, 0.1)

    section = ablation_section(scored, {"bad_idea": better})

    assert "without bad idea" in section.content
    assert "0.010" not in section.content
    assert f"<td>{number(0.01)}</td>" in section.content


def test_tables_escape_their_cells_and_mark_our_rows() -> None:
    html = table(("a", "b"), [("ours", "<1>"), ("other", "2")], ours=("ours",))

    assert html.count('class="ours"') == 1
    assert "&lt;1&gt;" in html


def test_a_caption_is_also_what_a_screen_reader_says() -> None:
    assert 'alt="Plot: Brier &lt; 1"' in plots([("Brier < 1", bars({"x": -0.1, "y": 0.2}, "lost"))])


def test_a_page_links_to_each_of_its_sections() -> None:
    html = page("T", "lead", [Section("One", "", ""), Section("Two", "", "")])

    assert [f'href="#s{i}"' in html and f'id="s{i}"' in html for i in range(2)] == [True, True]


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, ".500"), (-0.0124, "-.012"), (1.0, "1.000"), (10.3, "10.300"), (float("nan"), "-")]
)
def test_numbers_have_three_decimals_and_no_leading_zero(value: float, text: str) -> None:
    assert number(value) == text
