"""Views: what is known, since when and by whom."""

from acore.clock import HeldClock
from acore.events.views import View, Views


class Weather(View):
    degrees: int


class Tide(View):
    metres: float


async def test_a_view_is_kept_with_the_instant_it_was_shown() -> None:
    clock = HeldClock()
    views = Views(clock)
    assert views.get(Weather) is None
    assert views.seen(Weather) is None

    views.show(Weather(degrees=20), "station")
    shown_at = clock.now()
    await clock.advance(3600)

    assert views.get(Weather) == Weather(degrees=20)
    seen = views.seen(Weather)
    assert seen is not None
    assert (seen.view, seen.at, seen.source) == (Weather(degrees=20), shown_at, "station")


async def test_the_latest_of_each_kind_counts() -> None:
    clock = HeldClock()
    views = Views(clock)
    views.show(Weather(degrees=20), "station")
    views.show(Tide(metres=1.5), "harbour")
    await clock.advance(60)

    views.show(Weather(degrees=21), "other station")

    weather, tide = views.seen(Weather), views.seen(Tide)
    assert weather is not None
    assert tide is not None
    assert (weather.view, weather.source) == (Weather(degrees=21), "other station")
    assert (weather.at - tide.at).total_seconds() == 60
