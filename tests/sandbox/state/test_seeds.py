"""With a seed, ids and tokens are the same in every run, while the times in ids stay real."""

from datetime import timedelta
from itertools import pairwise

from acore.sandbox import Sandbox, realtime
from acore.sandbox.state.randomness import Randomness
from acore.sandbox.state.snowflakes import TIME_SHIFT, Snowflakes, made_at
from tests.sandbox.conftest import Ask, NewBot, Pretend, Running

LOW = (1 << TIME_SHIFT) - 1


def ids(snowflakes: Snowflakes, count: int) -> list[int]:
    return [int(snowflakes.make()) for _ in range(count)]


def test_the_lower_bits_of_each_id_depend_on_the_seed_and_its_number_alone() -> None:
    one, same, other = (ids(Snowflakes(seed), 10_000) for seed in (7, 7, 8))

    assert [made & LOW for made in one] == [made & LOW for made in same]
    assert [made & LOW for made in one] != [made & LOW for made in other]


def test_ids_only_grow_and_their_time_is_the_real_one() -> None:
    before = realtime.now()
    for seed in (None, 0, 1, 4095, 123456):
        made = ids(Snowflakes(seed), 20_000)

        assert all(earlier < later for earlier, later in pairwise(made))
        # 20 000 ids need five milliseconds at least.
        assert before - timedelta(milliseconds=1) <= made_at(str(made[0]))
        assert made_at(str(made[-1])) <= realtime.now() + timedelta(milliseconds=6)


def test_tokens_depend_on_the_seed_and_without_one_on_nothing() -> None:
    def said(source: Randomness) -> list[object]:
        return [source.token_urlsafe(32), source.token_hex(16), source.bits(62)]

    assert said(Randomness(3)) == said(Randomness(3))
    assert said(Randomness(3)) != said(Randomness(4))
    assert said(Randomness()) != said(Randomness())


def test_after_a_restart_nothing_is_given_twice() -> None:
    first, again = Randomness(3), Randomness(3)
    given = {first.token_hex(16) for _ in range(100)}
    again.restart(100)

    assert given.isdisjoint({again.token_hex(16) for _ in range(100)})


def test_tokens_are_as_long_as_they_were_asked_for() -> None:
    source = Randomness(1)

    assert len(source.token_urlsafe(32)) == 43
    assert len(source.token_hex(16)) == 32
    assert set(source.token_urlsafe(200)) & set("+/=") == set()


async def test_two_sandboxes_with_one_seed_give_a_bot_the_same_session_and_tokens(
    pretend: Pretend, new_bot: NewBot, running: Running, ask: Ask
) -> None:
    told: list[object] = []
    for _ in range(2):
        async with Sandbox(seed=11) as sandbox:
            pretend(sandbox)
            async with running(sandbox, new_bot()) as bot:
                session = bot.ws.session_id
            created = await ask(
                sandbox, "POST", f"/channels/{sandbox.channel_id}/messages", {"content": "one"}
            )
            told.append((sandbox.bot_token, session, int(created.body["id"]) & LOW))

    assert told[0] == told[1]
