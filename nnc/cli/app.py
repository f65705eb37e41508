"""The program `nnc`: its commands, how they are found, and how errors leave it."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from nnc import __version__
from nnc.activity import activity, shown
from nnc.cli import (
    bench,
    cache,
    compare,
    compile,
    diff,
    doctor,
    evaluate,
    experiment,
    export,
    inspect,
    opt,
    predict,
    render,
    run,
    sweep,
    train,
    verify,
    version,
)
from nnc.cli.console import say, say_error
from nnc.cli.help_texts import HelpContext
from nnc.errors import NncError

DEFAULT_COMMAND = "experiment"
_COMPLETION = ("--install-completion", "--show-completion")
_HELP = ("-h", "--help")
_OWN_OPTIONS = (*_HELP, "--version", *_COMPLETION)
PROGRAM = "nnc"
_COMMANDS = (
    run,
    compile,
    inspect,
    render,
    train,
    sweep,
    evaluate,
    predict,
    export,
    verify,
    diff,
    opt,
    cache,
    doctor,
    bench,
    experiment,
    compare,
    version,
)


_UNACCOMPANIED = (bench, opt)
"""Commands that use the terminal themselves: children that print, and a graph that may be typed in."""


class PlainCommand(TyperCommand):
    """A command with help in whole words."""

    context_class = HelpContext


class Command(PlainCommand):
    """A command, beside which a terminal shows what is going on."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with shown(sys.stderr), activity(str(self.name)):
            return super().invoke(ctx)


class CommandGroup(TyperGroup):
    """The commands; options without a command are those of the experiment, nothing at all asks for help."""

    context_class = HelpContext

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the experiment's name in front of options without a command; where there is nothing, ask for help."""
        if args and args[0] in _COMPLETION and " " in str(ctx.info_name):  # a shell completes words after one name
            ctx.fail(f"completion is for the installed program; run '{PROGRAM} {args[0]}'")
        if not args and not ctx.resilient_parsing:  # in which the first word is being completed
            args = ["--help"]
        elif args and args[0].startswith("-") and args[0] not in _OWN_OPTIONS:
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands with all of the first sentence of each."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, (item.help or "").partition("\n\n")[0]) for name, item in self.commands.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Return what the first word can be: a command, one of the own options, or one of the experiment's."""
        found: list[Any] = super().shell_complete(ctx, incomplete)
        command = self.get_command(ctx, DEFAULT_COMMAND)
        if command is not None and incomplete.startswith("-"):
            with command.make_context(DEFAULT_COMMAND, [], parent=ctx, resilient_parsing=True) as inner:
                known = {item.value for item in found}
                found += [item for item in command.shell_complete(inner, incomplete) if item.value not in known]
        return found

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            Exit: with code 1 after an error that is the user's, with 130 after Ctrl-C.
        """
        try:
            with warnings.catch_warnings():  # what a command says about hints ends with it
                return super().invoke(ctx)
        except NncError as error:
            say_error(error)
            raise typer.Exit(1) from None
        except BrokenPipeError:  # the reader of a pipe has left, which is not an error
            raise
        except OSError as error:
            say_error(error)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            say("interrupted")
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=CommandGroup,
    pretty_exceptions_enable=False,  # what gets that far is a mistake of ours, and wants its plain traceback
    context_settings={"help_option_names": _HELP},
    rich_markup_mode=None,  # plain text has room for words in 60 columns, and takes nothing in brackets for markup
    epilog="Example: nnc train examples/base.yaml --data points.npz -o base.nnc",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"nnc {__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Compile Keras models into static graphs that NumPy alone predicts and trains.

    'nnc COMMAND -h' describes a command. Options without a command are those of 'nnc experiment', and run it.
    """
    del version


for _module in _COMMANDS:
    _class = PlainCommand if _module in _UNACCOMPANIED else Command
    app.command(_module.NAME, cls=_class, epilog=_module.EXAMPLE)(_module.command)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    names = {"main.py": "python main.py", "__main__.py": f"python -m {PROGRAM}"}
    app(prog_name=names.get(Path(sys.argv[0]).name, PROGRAM))
