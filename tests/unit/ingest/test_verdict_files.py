"""Verdict files are read row by row; what cannot be used is named by line and reason."""

import json
from pathlib import Path

import pytest

from reputable.domain.times import parse_time
from reputable.ingest.rows import FileRefusedError, Reject
from reputable.ingest.verdict_files import UNNAMED_REVIEWER, VerdictRow, read_verdicts

HEADER = "claim,source,truthfulness,claimed_at,reviewed_at"
GOOD = "Rain fell on Monday.,Jo Doe,0.8,2020-01-01,2020-01-02"
NOW = parse_time("2026-01-01")


def csv_file(folder: Path, *lines: str, header: str = HEADER, end: str = "\n") -> Path:
    path = folder / "verdicts.csv"
    path.write_text("\n".join((header, *lines)) + end, encoding="utf-8")
    return path


def read(path: Path) -> list[VerdictRow | Reject]:
    return list(read_verdicts(path, now=NOW))


def only_reason(path: Path) -> str:
    (found,) = read(path)
    assert isinstance(found, Reject)
    return found.reason


def only_row(path: Path) -> VerdictRow:
    (found,) = read(path)
    assert isinstance(found, VerdictRow), found
    return found


def test_a_row_with_the_required_columns_is_a_verdict(tmp_path: Path) -> None:
    row = only_row(csv_file(tmp_path, GOOD))

    assert (row.line, row.id, row.crowd_source) == (2, "", False)
    assert row.verdict.claim.text == "Rain fell on Monday."
    assert row.verdict.claim.source.name == "Jo Doe"
    assert row.verdict.truthfulness == 0.8
    assert row.verdict.reviewed_at == parse_time("2020-01-02")
    assert row.verdict.reviewer == UNNAMED_REVIEWER


def test_optional_columns_are_taken_and_unknown_ones_ignored(tmp_path: Path) -> None:
    header = f"id,{HEADER},label,context,topics,reviewer,url,crowd_source,weather"
    line = f"v1,{GOOD},mostly true,speech,Rain; Weather,The Checker,https://example.org/1,1,wet"

    row = only_row(csv_file(tmp_path, line, header=header))

    assert (row.id, row.crowd_source, row.verdict.label) == ("v1", True, "mostly true")
    assert row.verdict.claim.topics == ("rain", "weather")
    assert (row.verdict.reviewer, row.verdict.url) == ("The Checker", "https://example.org/1")


@pytest.mark.parametrize("value", ["", "unproven", " Unproven "])
def test_an_empty_or_unproven_truthfulness_is_unproven(tmp_path: Path, value: str) -> None:
    row = only_row(csv_file(tmp_path, GOOD.replace("0.8", value)))

    assert row.verdict.truthfulness is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD.replace("0.8", "nan"), "truthfulness: nan is not a truthfulness; give a number from 0 to 1"),
        (GOOD.replace("0.8", "1.5"), "truthfulness: 1.5 is not a truthfulness; give a number from 0 to 1"),
        (GOOD.replace("0.8", "mostly"), "truthfulness: 'mostly' is not a number"),
        (GOOD.replace("0.8", "1_0"), "truthfulness: '1_0' is not a number"),
        (GOOD.replace("Jo Doe", ""), "source: is missing; give source_id, or source_name as written"),
        (GOOD.replace("2020-01-02", ""), "reviewed_at: is empty; give the date the claim was checked"),
        (GOOD.replace("2020-01-01", "1 May"), "claimed_at: '1 May' is not a time"),
        (GOOD.replace("Rain", "Ra\0in"), "claim: holds the control character U+0000; remove it"),
        (GOOD.replace("Jo Doe", "Jo\u200bDoe"), "source: holds the invisible or direction-changing character U+200B"),
        ("a,b", "has 2 columns; the header has 5"),
        ('"open' + GOOD, "the file ends inside a quoted field; it looks truncated"),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_with_a_reason(tmp_path: Path, line: str, reason: str) -> None:
    assert only_reason(csv_file(tmp_path, line)).startswith(reason)


def test_a_review_before_the_claim_is_rejected_in_the_words_of_the_file(tmp_path: Path) -> None:
    reason = only_reason(csv_file(tmp_path, GOOD.replace("2020-01-02", "2019-12-31")))

    assert reason.startswith("reviewed_at: 2019-12-31")
    assert "a claim is reviewed after it is made" in reason


def test_an_early_review_is_taken_as_made_with_the_claim_where_that_is_asked_for(tmp_path: Path) -> None:
    path = csv_file(tmp_path, GOOD.replace("2020-01-02", "2019-12-31"), GOOD)

    early, other = read_verdicts(path, now=NOW, take_early_reviews=True)

    assert isinstance(early, VerdictRow)
    assert isinstance(other, VerdictRow)
    assert (early.verdict.reviewed_at, early.mended) == (parse_time("2020-01-01"), True)
    assert (other.verdict.reviewed_at, other.mended) == (parse_time("2020-01-02"), False)


@pytest.mark.parametrize("control", ["\x80", "\x85", "\x90", "\x9f"])
def test_a_c1_control_is_read_as_a_space_and_the_row_says_that_it_was_mended(tmp_path: Path, control: str) -> None:
    row = only_row(csv_file(tmp_path, GOOD.replace("Rain ", f"Rain{control}").replace("Jo Doe", f"Jo Doe{control}")))

    assert row.verdict.claim.text == "Rain fell on Monday."
    assert row.verdict.claim.source.name == "Jo Doe"
    assert row.mended


def test_a_c1_control_in_a_list_of_topics_is_a_space_too(tmp_path: Path) -> None:
    values = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {"topics": ["local\x90news"]}
    path = tmp_path / "verdicts.jsonl"
    path.write_text(json.dumps(values | {"truthfulness": 0.8}) + "\n")

    row = only_row(path)

    assert (row.verdict.claim.topics, row.mended) == (("local news",), True)


@pytest.mark.parametrize("control", ["\0", "\x07", "\x1b", "\x7f"])
def test_other_controls_are_rejected(tmp_path: Path, control: str) -> None:
    assert "holds the control character" in only_reason(csv_file(tmp_path, GOOD.replace("Rain", f"Ra{control}in")))


def test_a_bad_row_does_not_spoil_its_neighbours(tmp_path: Path) -> None:
    lines = [GOOD, 'x"y,"a" b,c,d,e', "", GOOD.replace("0.8", "2"), GOOD.replace("Rain", "Snow")]

    found = read(csv_file(tmp_path, *lines))

    assert [type(row).__name__ for row in found] == ["VerdictRow", "Reject", "Reject", "VerdictRow"]
    assert [row.line for row in found] == [2, 3, 5, 6]


def test_a_csv_cut_anywhere_loses_at_most_its_last_row(tmp_path: Path) -> None:
    whole = csv_file(tmp_path, GOOD, f'"{"word " * 20}, he said",Jo Doe,0.2,2020-01-01,2020-01-02')
    content = whole.read_bytes()
    for length in range(len(HEADER) + len(GOOD) + 2, len(content)):
        whole.write_bytes(content[:length])

        found = read(whole)

        assert isinstance(found[0], VerdictRow)
        assert len(found) <= 2


def test_a_quoted_field_may_span_lines_and_a_row_bears_its_first_line(tmp_path: Path) -> None:
    found = read(csv_file(tmp_path, '"Rain\nfell.",Jo Doe,1,2020-01-01,2020-01-02', GOOD))

    assert [row.line for row in found] == [2, 4]
    assert isinstance(found[0], VerdictRow)
    assert found[0].verdict.claim.text == "Rain fell."


def test_bytes_that_are_not_utf_8_spoil_their_row_only(tmp_path: Path) -> None:
    path = csv_file(tmp_path, GOOD.replace("Rain", "Régen"), GOOD)
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe9"))

    first, second = read(path)

    assert first == Reject(2, "claim: is not UTF-8; save the file as UTF-8")
    assert isinstance(second, VerdictRow)


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    path = csv_file(tmp_path, GOOD)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert only_row(path).verdict.claim.text == "Rain fell on Monday."


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"claim,source\nx,y\n", "a.csv lacks the columns truthfulness, claimed_at, reviewed_at"),
        ("a.csv", b"", "a.csv lacks the columns claim, source"),
        ("a.csv", "claim,source".encode("utf-16"), "a.csv is UTF-16 or UTF-32; save it as UTF-8."),
        ("a.csv", b'"claim', "a.csv: its header cannot be read"),
        ("a.xls", b"", "a.xls: cannot tell its format"),
        ("a.json", b"{", "a.json is not JSON"),
        ("a.json", b"{}", "a.json holds no ClaimReview."),
        ("a.json", b"[" * 100_000, "a.json is nested too deeply."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(FileRefusedError) as refused:
        read(path)

    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["gone.csv", "gone.jsonl", "gone.json", "gone.parquet"])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileRefusedError, match=r"gone\.|Parquet needs pyarrow"):
        read(tmp_path / name)


def json_row(**changed: object) -> dict[str, object]:
    row: dict[str, object] = dict(zip(HEADER.split(","), GOOD.split(","), strict=True))
    return row | {"truthfulness": 0.8} | changed


def test_json_lines_are_read_like_csv(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    path.write_text(json.dumps(json_row(topics=["Rain"], crowd_source=True)) + "\n\n")

    row = only_row(path)

    assert (row.verdict.claim.topics, row.crowd_source) == (("rain",), True)
    assert row.verdict == only_row(csv_file(tmp_path, f"{GOOD},Rain", header=f"{HEADER},topics")).verdict


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes at character 2"),
        ("[]", "is not a JSON object"),
        ('{"claim": "x"}', "lacks source, truthfulness, claimed_at, reviewed_at"),
        (json.dumps(json_row(truthfulness=float("nan"))), "holds NaN, which is not a number"),
        (json.dumps(json_row(claim=["x"])), "claim: is a list; give text"),
        (json.dumps(json_row(truthfulness=True)), "truthfulness: is true or false; give text"),
        (json.dumps(json_row(crowd_source="maybe")), "crowd_source: 'maybe' is neither 1 nor 0"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_a_json_line_that_cannot_be_used_is_rejected(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "verdicts.jsonl"
    path.write_text(line)

    assert only_reason(path) == reason


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    from pyarrow import parquet

    table = pyarrow.Table.from_pylist([json_row(), json_row(truthfulness=None)])
    parquet.write_table(table, tmp_path / "verdicts.parquet")

    first, second = read(tmp_path / "verdicts.parquet")

    assert isinstance(first, VerdictRow)
    assert first.verdict == only_row(csv_file(tmp_path, GOOD)).verdict
    assert isinstance(second, VerdictRow)
    assert second.verdict.truthfulness is None


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    path = tmp_path / "verdicts.parquet"
    path.write_bytes(b"PAR1 but not really")

    with pytest.raises(FileRefusedError, match="cannot be read as Parquet"):
        read(path)


def test_the_same_row_has_the_same_request_id_and_a_changed_one_another(tmp_path: Path) -> None:
    one = only_row(csv_file(tmp_path, GOOD)).request_id()
    again = only_row(csv_file(tmp_path, GOOD.replace("Rain", " Rain "))).request_id()
    changed = {
        only_row(csv_file(tmp_path, GOOD.replace(*change))).request_id()
        for change in (("0.8", "0.6"), ("Rain", "Snow"), ("Jo", "Jim"), ("2020-01-02", "2020-01-03"))
    }

    assert one == again
    assert len(changed | {one}) == 5
    assert len(one) <= 128
