"""Made-up claims, the same in every run; no word of them comes from a data set."""

import random
from collections.abc import Iterator

SEED = 20_260
OPENINGS = ("Last year", "Everyone knows that", "Says", "According to the mayor,", "This month", "On the record:")
SUBJECTS = (
    "the county council", "our regional hospital", "the water board", "the harbour authority", "the new bridge",
    "the bus company", "a majority of farmers", "the city's budget", "the school district", "every second household",
    "the power station", "the ferry line", "the central library", "the housing office", "the rescue service",
)  # fmt: skip
VERBS = (
    "has doubled its spending on", "cut the cost of", "lost more than", "will never pay for", "has already approved",
    "raised taxes to fund", "promised to close", "voted against", "reported record results for", "owes millions for",
)  # fmt: skip
OBJECTS = (
    "road repairs", "night trains", "flood defences", "primary schools", "public pools", "school meals",
    "solar panels", "winter shelters", "tree planting", "street lights", "fishing quotas", "rent subsidies",
)  # fmt: skip
ENDINGS = (
    "since 2019", "in the past three years", "by 40 percent", "without asking anyone", "according to its own figures",
    "more than any other region", "for the first time in a decade", "while wages fell by 12 percent",
)  # fmt: skip
CONTEXTS = ("speech", "interview", "press release", "television advertisement", "social media post", "debate")


def texts(count: int, seed: int = SEED) -> Iterator[str]:
    """`count` claims of about 105 characters, as fact-checkers' claims are long on average; no two alike."""
    chance = random.Random(seed)
    for number in range(count):
        words = " ".join(chance.choice(part) for part in (OPENINGS, SUBJECTS, VERBS, OBJECTS, ENDINGS))
        yield f"{words} in district {number}."


def source_id(number: int) -> str:
    """The id of a made-up source."""
    return f"source-{number:06d}"
