"""Turns what goes wrong in a command into one sentence on stderr and an exit code."""

import sys

import typer
from typer.core import TyperGroup

from hw.errors import ChronogateError

INTERRUPTED = 130  # 128 + SIGINT, as shells count it


class Commands(TyperGroup):
    """The commands, without tracebacks for what a user can mend."""

    def invoke(self, ctx: typer.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except ChronogateError as error:
            raise _end(f"error: {error}", 1) from None
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            reason = error.strerror or str(error)
            raise _end(f"error: {place}{reason}: mend that and run the command again", 1) from None
        except KeyboardInterrupt:
            raise _end(
                "interrupted: what was finished stays, nothing half-written is left; "
                "run the command again to go on",
                INTERRUPTED,
            ) from None


def _end(sentence: str, code: int) -> typer.Exit:
    print(" ".join(sentence.split()), file=sys.stderr)
    return typer.Exit(code)
