"""`headrace completion`: what a shell reads to complete the command line."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from headrace.cli.main import DONE, headrace

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> int:
    """Print what SHELL reads to complete commands and options: source <(headrace completion bash)."""
    kind = get_completion_class(shell)
    if kind is not None:
        click.echo(kind(headrace, {}, "headrace", "_HEADRACE_COMPLETE").source())
    return DONE
