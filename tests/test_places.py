"""Who may work now."""

from __future__ import annotations

from foreman.places import Places


def _full(places: Places) -> set[str]:
    with places.choosing() as full:
        return set(full)


def test_an_agent_gets_no_more_than_it_takes() -> None:
    places = Places(8, {"a": 2})
    places.take("a")
    assert _full(places) == set()
    places.take("a")
    assert _full(places) == {"a"}
    places.leave("a")
    assert _full(places) == set()


def test_slow_agents_leave_a_worker_to_each_of_the_others() -> None:
    places = Places(4, {"slow": 4, "slower": 4, "quick": 4})
    places.take("slow")
    places.take("slow")

    assert _full(places) == {"slow"}
    places.take("slower")
    assert _full(places) == {"slow", "slower"}
    places.take("quick")
    assert _full(places) == {"slow", "slower", "quick"}


def test_every_agent_has_a_place_even_with_fewer_workers_than_agents() -> None:
    places = Places(1, {"a": 1, "b": 1})
    places.take("a")

    assert _full(places) == {"a"}


def test_an_agent_that_comes_later_has_its_places_and_a_worker_is_kept_for_it() -> None:
    places = Places(1, {"a": 2})
    places.take("a")
    assert _full(places) == {"a"}, "there is one worker"

    assert places.add("b", 1) == 2
    assert _full(places) == {"a"}, "the second one is for the newcomer"
    places.take("b")
    assert _full(places) == {"a", "b"}
