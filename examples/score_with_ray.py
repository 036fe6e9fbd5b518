"""Scores a Parquet file on a Ray cluster: Ray Data maps the scorer over partitions.

Needs ray[data] beside reputable[parquet], and the ledger within reach of every node: a PostgreSQL
URL, a file on each, or `none`.
Usage: python examples/score_with_ray.py claims.parquet sqlite:////path/to/ledger.db answers/
"""

import sys

import pyarrow as pa
import ray

from reputable.app.local import LocalScorer, Terms, agreed


class Scorer:
    """One for each worker; opens the ledger and the model once."""

    def __init__(self, terms: Terms) -> None:
        self._scorer = LocalScorer(terms)

    def __call__(self, claims: pa.Table) -> pa.Table:
        """Score one partition."""
        return pa.Table.from_batches([self._scorer.score(claims)])


def main(claims: str, ledger_url: str, out: str) -> None:
    """Read, score, write."""
    answers = ray.data.read_parquet(claims).map_batches(
        Scorer,
        fn_constructor_args=(agreed(ledger_url),),
        batch_format="pyarrow",
        batch_size=2_048,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=64),
    )
    answers.write_parquet(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
