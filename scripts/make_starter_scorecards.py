"""Count PolitiFact's verdicts into the starter scorecards that the service ships with.

The verdict file itself is not part of the project; only these counts are. A row of the result is
one source, one calendar year of review, and how many verdicts fell on each truthfulness level.
The result is the same, byte for byte, whatever the order of the verdicts.

Example:
    python scripts/make_starter_scorecards.py --verdicts ../shared/data/verdicts/FILE.csv
"""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

STARTER = Path(__file__).resolve().parent.parent / "server" / "reputable" / "starter"
VERDICTS = Path("../shared/data/verdicts/politifact_2007_2021.csv")
REVIEWER = "PolitiFact"

# Truthfulness as the verdict file writes it, and the column that counts it.
LEVELS = {
    "0.0": "level_0",
    "0.2": "level_0_2",
    "0.4": "level_0_4",
    "0.6": "level_0_6",
    "0.8": "level_0_8",
    "1.0": "level_1",
}
COLUMNS = ["source_id", "source", "kind", "reviewer", "period_start", "period_end"]

# The spellings in the verdict file that mean each source; a tuple because a source may have
# several. Namesakes are left out on purpose: "Matt Miller" there is a newspaper columnist, not the
# State Department's spokesperson; "Bloggers" are American ones.
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "americans-for-prosperity": ("Americans for Prosperity",),
    "andrew-cuomo": ("Andrew Cuomo",),
    "barack-obama": ("Barack Obama",),
    "bernie-sanders": ("Bernie Sanders",),
    "bill-clinton": ("Bill Clinton",),
    "bloggers": ("Bloggers",),
    "breitbart": ("Breitbart",),
    "chain-email": ("Chain email",),
    "charlie-crist": ("Charlie Crist",),
    "chris-christie": ("Chris Christie",),
    "cory-booker": ("Cory Booker",),
    "democratic-congressional-campaign-committee": ("Democratic Congressional Campaign Committee",),
    "democratic-national-committee": ("Democratic National Committee",),
    "donald-trump": ("Donald Trump",),
    "elizabeth-warren": ("Elizabeth Warren",),
    "facebook-posts": ("Facebook posts",),
    "gavin-newsom": ("Gavin Newsom",),
    "greg-abbott": ("Greg Abbott",),
    "hillary-clinton": ("Hillary Clinton",),
    "instagram-posts": ("Instagram posts",),
    "jeb-bush": ("Jeb Bush",),
    "joe-biden": ("Joe Biden",),
    "john-boehner": ("John Boehner",),
    "john-kasich": ("John Kasich",),
    "john-mccain": ("John McCain",),
    "kamala-harris": ("Kamala Harris",),
    "marco-rubio": ("Marco Rubio",),
    "mike-pence": ("Mike Pence",),
    "mitch-mcconnell": ("Mitch McConnell",),
    "mitt-romney": ("Mitt Romney",),
    "nancy-pelosi": ("Nancy Pelosi",),
    "national-republican-congressional-committee": ("National Republican Congressional Committee",),
    "national-rifle-association": ("National Rifle Association",),
    "newt-gingrich": ("Newt Gingrich",),
    "occupy-democrats": ("Occupy Democrats",),
    "paul-ryan": ("Paul Ryan",),
    "rachel-maddow": ("Rachel Maddow",),
    "rand-paul": ("Rand Paul",),
    "republican-national-committee": ("Republican National Committee",),
    "rick-perry": ("Rick Perry",),
    "rick-scott": ("Rick Scott",),
    "ron-desantis": ("Ron DeSantis",),
    "ron-johnson": ("Ron Johnson",),
    "rudy-giuliani": ("Rudy Giuliani",),
    "rush-limbaugh": ("Rush Limbaugh",),
    "sarah-palin": ("Sarah Palin",),
    "scott-walker": ("Scott Walker",),
    "sherrod-brown": ("Sherrod Brown",),
    "tammy-baldwin": ("Tammy Baldwin",),
    "ted-cruz": ("Ted Cruz",),
    "terry-mcauliffe": ("Terry McAuliffe",),
    "the-gateway-pundit": ("The Gateway Pundit",),
    "tiktok-posts": ("TikTok posts",),
    "tim-kaine": ("Tim Kaine",),
    "tucker-carlson": ("Tucker Carlson",),
    "u-s-chamber-of-commerce": ("U.S. Chamber of Commerce",),
    "viral-image": ("Viral image",),
    "vladimir-putin": ("Vladimir Putin",),
    "x-posts": ("X posts", "Tweets"),
    "youtube-videos": ("YouTube videos",),
}


def read_verdicts(path: Path) -> Iterator[Mapping[str, str]]:
    """Yield the reviewer's rows of a verdict file.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["reviewer"] == REVIEWER:
                yield row


def count(
    verdicts: Iterable[Mapping[str, str]], spellings: Mapping[str, tuple[str, ...]]
) -> dict[tuple[str, int], Counter[str]]:
    """Count verdicts by source id and calendar year of review, per truthfulness level.

    Raises:
        KeyError: A truthfulness is none of the six levels.
        ValueError: No verdict bears one of the spellings.
    """
    source_ids = {name: source_id for source_id, names in spellings.items() for name in names}
    counts: dict[tuple[str, int], Counter[str]] = {}
    seen: set[str] = set()
    for verdict in verdicts:
        source_id = source_ids.get(verdict["source"])
        if source_id is None:
            continue
        seen.add(verdict["source"])
        year = int(verdict["reviewed_at"][:4])
        counts.setdefault((source_id, year), Counter())[LEVELS[verdict["truthfulness"]]] += 1
    if missing := sorted(source_ids.keys() - seen):
        raise ValueError(f"no verdict on: {', '.join(missing)}")
    return counts


def read_sources(path: Path) -> dict[str, dict[str, str]]:
    """Return the sources of a JSON Lines file by their id.

    Raises:
        OSError: The file cannot be read.
    """
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {row["id"]: row for row in rows}


def write(
    path: Path,
    counts: Mapping[tuple[str, int], Counter[str]],
    sources: Mapping[str, Mapping[str, str]],
) -> None:
    """Write the scorecards, sorted by source id and year.

    Raises:
        KeyError: A source of the counts is not among the sources.
        OSError: The file cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *LEVELS.values()])
        for (source_id, year), levels in sorted(counts.items()):
            source = sources[source_id]
            period = [f"{year}-01-01", f"{year + 1}-01-01"]
            head = [source_id, source["name"], source["kind"], REVIEWER, *period]
            writer.writerow([*head, *(levels[column] for column in LEVELS.values())])


def main() -> None:
    """Read the verdicts, write the scorecards and say how many there are."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--verdicts", type=Path, default=VERDICTS, help="default: %(default)s")
    parser.add_argument("--sources", type=Path, default=STARTER / "sources.jsonl")
    parser.add_argument("--out", type=Path, default=STARTER / "scorecards.csv")
    arguments = parser.parse_args()
    counts = count(read_verdicts(arguments.verdicts), SPELLINGS)
    write(arguments.out, counts, read_sources(arguments.sources))
    total = sum(levels.total() for levels in counts.values())
    sys.stdout.write(f"{len(counts)} scorecards, {len(SPELLINGS)} sources, {total} verdicts\n")


if __name__ == "__main__":
    main()
