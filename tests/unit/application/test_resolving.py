"""Names resolve by alias first, and by similarity only where nothing else is near."""

import pytest

from reputable.adapters.names import LetterLore
from reputable.application.directory import Directory
from reputable.application.ports import RegisteredSource
from reputable.application.resolving import Resolver
from reputable.domain.errors import SourceNotFound
from reputable.domain.sources import ResolutionMethod, Source, SourceReference

RU = Source("russian-mod", "Russian Ministry of Defence", aliases=("Russian MoD", "Минобороны России"))
UK = Source("british-mod", "British Ministry of Defence", aliases=("UK MoD",))
NYT = Source("new-york-times", "The New York Times", aliases=("NYT", "nytimes.com"))
BBC = Source("bbc", "BBC", aliases=("bbc.com",))


def resolver_of(*sources: Source) -> tuple[Directory, Resolver]:
    lore = LetterLore()
    directory = Directory(lore)
    directory.apply(RegisteredSource(revision, source) for revision, source in enumerate(sources, 1))
    return directory, Resolver(directory, lore)


@pytest.fixture
def resolver() -> Resolver:
    return resolver_of(RU, UK, NYT, BBC)[1]


def named(name: str) -> SourceReference:
    return SourceReference(name=name)


@pytest.mark.parametrize(
    ("name", "source_id"),
    [("russian  MINISTRY of defence", "russian-mod"), ("UK MoD", "british-mod"), ("nyt", "new-york-times"),
     ("минобороны россии", "russian-mod"), ("https-free: x", "")],
)  # fmt: skip
def test_a_name_or_alias_resolves_in_any_case_and_spacing(resolver: Resolver, name: str, source_id: str) -> None:
    assert resolver.resolve(named(name)).source_id == source_id


@pytest.mark.parametrize("host", ["bbc。com", "BBC.com.", "www.bbc.com", "bbc.COM"])
def test_every_way_to_write_a_host_name_is_one_source(resolver: Resolver, host: str) -> None:
    resolution = resolver.resolve(named(host))

    assert (resolution.source_id, resolution.method) == ("bbc", ResolutionMethod.NAME)


def test_a_look_alike_in_other_letters_is_flagged_and_never_merged(resolver: Resolver) -> None:
    resolution = resolver.resolve(named("bb\u0441.com"))

    assert (resolution.source_id, resolution.confusable_with) == ("", "bbc")


def test_a_misspelling_with_nothing_else_near_is_taken_for_the_source(resolver: Resolver) -> None:
    resolution = resolver.resolve(named("The New York Tmes"))

    assert (resolution.source_id, resolution.method) == ("new-york-times", ResolutionMethod.SIMILAR)


def test_one_ministry_is_never_taken_for_another_of_a_similar_name(resolver: Resolver) -> None:
    resolution = resolver.resolve(named("Ukrainian Ministry of Defence"))

    assert resolution.source_id == ""
    assert {candidate.source_id for candidate in resolution.candidates} == {"russian-mod", "british-mod"}


def test_names_that_differ_in_a_number_are_never_similar() -> None:
    _, resolver = resolver_of(Source("channel-4", "Channel 4 News Network"))

    assert resolver.resolve(named("Channel 5 News Network")).candidates == ()


def test_an_unknown_id_is_refused_with_the_id(resolver: Resolver) -> None:
    with pytest.raises(SourceNotFound, match="no-such"):
        resolver.resolve(SourceReference(id="no-such"))


def test_a_merged_source_stands_for_the_one_it_was_merged_into_from_that_revision_on() -> None:
    directory, resolver = resolver_of(RU, UK)
    directory.apply(
        [RegisteredSource(9, Source("british-mod", "British Ministry of Defence", merged_into="russian-mod"))]
    )

    assert resolver.resolve(named("UK MoD")).source_id == "russian-mod"
    assert resolver.resolve(named("UK MoD"), at_revision=8).source_id == "british-mod"
    assert directory.members("russian-mod") == ("russian-mod", "british-mod")
    assert directory.members("russian-mod", 8) == ("russian-mod",)


def test_a_name_registered_later_is_unknown_at_an_earlier_revision() -> None:
    _, resolver = resolver_of(RU, UK)

    assert resolver.resolve(named("UK MoD"), at_revision=1).source_id == ""
    assert resolver.resolve(named("UK MoD"), at_revision=2).source_id == "british-mod"
