"""Batches keep within the contract's limits, whatever the items are."""

from hypothesis import given
from hypothesis import strategies as st

from reputable.client import AssessClaimRequest, Claim, Explanation, Verdict
from reputable.client.batches import MAX_BYTES, MAX_ITEMS, batches
from reputable.v1.credibility_pb2 import BatchAssessClaimsRequest


def request(text: str, explanation: Explanation.ValueType) -> AssessClaimRequest:
    return AssessClaimRequest(claim=Claim(text=text, source_name="x"), explanation=explanation)


@given(
    sizes=st.lists(st.integers(1, 40_000), max_size=400),
    explanation=st.sampled_from(list(Explanation.values())),
    most=st.integers(1, 200),
)
def test_batches_hold_all_items_in_order_within_the_limits(
    sizes: list[int], explanation: Explanation.ValueType, most: int
) -> None:
    items = [request("x" * size, explanation) for size in sizes]

    split = list(batches(items, most))

    assert [item for batch in split for item in batch] == items
    for batch in split:
        assert 1 <= len(batch) <= most
        assert BatchAssessClaimsRequest(requests=batch).ByteSize() <= MAX_BYTES


def test_many_small_items_fill_a_batch() -> None:
    split = list(batches([Verdict(reviewer="x")] * (MAX_ITEMS + 1)))

    assert [len(batch) for batch in split][-1] <= 8
    assert len(split) == 2


def test_more_explanation_means_smaller_batches() -> None:
    items = [request("x", Explanation.EXPLANATION_SUMMARY)] * 4096

    assert max(map(len, batches(items))) <= 512
