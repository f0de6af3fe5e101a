"""`acore init`: four questions, two files."""

from pathlib import Path

import click

from acore.cli.output import say
from acore.settings.init import QUESTIONS, Question, answered, write
from acore.settings.load import DEFAULT_ENV_FILE, DEFAULT_TOML


@click.command()
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    default=DEFAULT_ENV_FILE,
    show_default=True,
    help="Gets the answers.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=DEFAULT_TOML,
    show_default=True,
    help="Gets the rest.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def init(env_file: Path, config: Path, *, force: bool) -> None:
    """Ask four questions and write the settings; only you can read the file with the token."""
    texts = {question.key: _ask(question) for question in QUESTIONS}
    for path in write(answered(texts), env_file, config, force=force):
        say(f"wrote {path}")
    say("Now start the bot: acore run")


def _ask(question: Question) -> str:
    def check(text: str) -> str:
        if problem := question.check(text):
            raise click.UsageError(problem)
        return text

    say(question.help)
    answer: str = click.prompt(
        question.question,
        default=question.default,
        show_default=bool(question.default),
        hide_input=question.secret,
        value_proc=check,
    )
    return answer
