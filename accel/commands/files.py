"""``accel check`` and ``accel schema``: the files of a network."""

from accel.commands.options import JsonOption, RunArgument
from accel.console import print_json


def check(run: RunArgument, json: JsonOption = False) -> None:
    """Check network.json and weights.npz: whole, unchanged, and of this version.

    Takes any folder that holds the two files. Exit code 1, and one sentence, if anything is wrong.
    """
    from accel.network_check import check_files

    found = check_files(run)
    if json:
        print_json(found)
    else:
        print(
            f"{run}: {found.name}, version {found.version}, {found.nodes} nodes, {found.arrays} "
            f"arrays of {found.weights:,} weights, fingerprint {found.fingerprint}"
        )


def schema() -> None:
    """Print the JSON Schema of network.json."""
    from json import dumps

    from hw.network.schema import network_schema

    print(dumps(network_schema(), indent=1))
