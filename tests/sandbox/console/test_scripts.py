"""What came of lines and steps, for scripts."""

import json
from collections.abc import AsyncIterator
from typing import Any

from acore.sandbox import Sandbox
from acore.sandbox.console.console import Console
from acore.sandbox.console.outcome import Outcome, Result
from acore.sandbox.console.sitting import Sitting, obey_all, sit_down
from acore.sandbox.console.steps import Runner, Script
from tests.sandbox.conftest import NewBot, Pretend, Running
from tests.sandbox.console.bots import tokens, with_everything


async def steps(sandbox: Sandbox, *words: str, user: str | None = None, **more: Any) -> list[Outcome]:  # noqa: ANN401 - fields of Script
    console = Console(sandbox.api, tokens(sandbox), lambda _text: None)
    async with console.opened(user):
        return await Runner(console, Script(words, **more)).run()


async def test_an_answer_is_told_with_its_times(sandbox: Sandbox, new_bot: NewBot, running: Running) -> None:
    async with running(sandbox, with_everything(new_bot())):
        (came,) = await steps(sandbox, "botstatus", "part:it")

    told = came.as_json()
    assert told["outcome"] == "answered"
    assert told["ephemeral"] is True
    assert [one["embeds"][0]["title"] for one in told["messages"]] == ["it is well"]
    assert 0 < told["acknowledged_ms"] <= told["answered_ms"]
    assert (told["modal"], told["error"], told["code"]) == (None, None, None)


async def test_each_way_to_fail_has_its_name(new_bot: NewBot, running: Running, pretend: Pretend) -> None:
    async with Sandbox(answer_within=0.05) as sandbox:
        pretend(sandbox)
        async with running(sandbox, with_everything(new_bot())):
            (silent,) = await steps(sandbox, "silent")
            (unknown,) = await steps(sandbox, "botstats")
            (no_option,) = await steps(sandbox, "botstatus", "prt:x")
            (missing,) = await steps(sandbox, "fruit")
            (modal,) = await steps(sandbox, "feedback")

    assert (silent.result, silent.error) == (Result.FAILED, "The application did not respond")
    assert (unknown.result, unknown.error) == (
        Result.UNKNOWN,
        "there is no command /botstats here; did you mean /botstatus?",
    )
    assert no_option.result is Result.INVALID
    assert (missing.result, missing.code) == (Result.REFUSED, 50035)
    assert modal.result is Result.MODAL
    assert modal.modal is not None
    assert modal.modal["custom_id"] == "feedback"


async def test_steps_press_pick_and_fill_in(sandbox: Sandbox, new_bot: NewBot, running: Running) -> None:
    async with running(sandbox, with_everything(new_bot())):
        came = await steps(
            sandbox,
            "menu",
            presses=("colour=Red,b", "Form", "yes"),
            fills=("Subject=All of it", "words=a=b"),
        )

    assert [one.result for one in came] == [
        Result.ANSWERED,
        Result.ANSWERED,
        Result.MODAL,
        Result.ANSWERED,
        Result.ANSWERED,
    ]
    assert [one.messages[0]["content"] for one in came if one.messages] == [
        "Sure?",
        "picked r b",
        "All of it: a=b",
        "confirmed",
    ]


async def test_a_step_that_goes_wrong_is_the_last(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        pressed = await steps(sandbox, "menu", presses=("nothing", "yes"))
        filled = await steps(sandbox, "feedback", fills=("subject=ab",))
        unused = await steps(sandbox, "botstatus", fills=("subject=abc",))

    assert [one.result for one in pressed] == [Result.ANSWERED, Result.INVALID]
    assert [one.code for one in filled] == [None, 50035]
    assert unused[-1].error == "no form has a field for 'subject=abc'"


async def test_menus_of_users_and_messages(sandbox: Sandbox, new_bot: NewBot, running: Running) -> None:
    async with running(sandbox, with_everything(new_bot())):
        (greeted,) = await steps(sandbox, "Greet", on="member")
        identity = greeted.messages[0]["id"]
        (by_id,) = await steps(sandbox, "Keep", on=identity)
        (newest,) = await steps(sandbox, "Keep", on="^")
        (nobody,) = await steps(sandbox, "Greet", on="nobody")

    assert greeted.messages[0]["content"] == "hello member"
    assert by_id.messages[0]["content"] == newest.messages[0]["content"] == "kept hello member"
    assert nobody.result is Result.UNKNOWN


async def test_who_does_not_find_a_menu_is_told_where_it_is(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        (no_target,) = await steps(sandbox, "Greet")
        (begun,) = await steps(sandbox, "gre", on="member")

    assert no_target.error == "'Greet' is in a menu: say with --on in whose"
    assert begun.error == "there is no command gre here; did you mean Greet?"


async def test_fields_are_named_by_label_in_any_letters_and_listed_by_it(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        *_, filled = await steps(sandbox, "feedback", fills=("SUBJECT=All", "words=of it"))
        *_, wrong = await steps(sandbox, "feedback", fills=("topic=All",))

    assert filled.messages[0]["content"] == "All: of it"
    assert wrong.error is not None
    assert wrong.error.endswith("there are: Subject, Text")


async def test_each_line_of_a_script_is_one_line_of_json(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    written: list[str] = []
    shown: list[str] = []
    console = Console(sandbox.api, tokens(sandbox), shown.append)

    async def lines() -> AsyncIterator[str]:
        for line in ("hello", "", "!user member", "/botstatus", "/nothing", "!commands", "!quit", "never"):
            yield line

    async with running(sandbox, with_everything(new_bot())), console.opened():
        is_good = await obey_all(console, lines(), written.append)

    told = [json.loads(one) for one in written]
    assert not is_good, "one went wrong"
    assert [(one["line"], one["user"], one["outcome"]) for one in told] == [
        ("hello", "owner", "done"),
        ("!user member", "owner", "done"),
        ("/botstatus", "member", "answered"),
        ("/nothing", "member", "unknown"),
        ("!commands", "member", "done"),
        ("!quit", "member", "done"),
    ]
    assert {one["channel"] for one in told} == {"#general"}
    assert told[0]["messages"][0]["content"] == "hello"


async def test_files_are_done_line_by_line_without_a_terminal(
    sandbox: Sandbox,
    tmp_path: Any,  # noqa: ANN401 - pytest's
) -> None:
    script = tmp_path / "script"
    script.write_text("hello\n!messages\n")
    written: list[str] = []
    sitting = Sitting(username="member", channel="general", files=(script,))

    assert await sit_down(sandbox.api, tokens(sandbox), sitting, written.append)
    assert [one.splitlines()[1] for one in written] == ["  hello", "  hello"]
