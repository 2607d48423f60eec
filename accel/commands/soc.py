"""``accel soc``: files for builders of SoCs."""

from accel.commands.console import print_json
from accel.commands.options import JsonOption, RunArgument


def soc(run: RunArgument, json: JsonOption = False) -> None:
    """Write a FuseSoC core, a LiteX module and C drivers, to RUN/projects/soc."""
    from accel.projects.soc import soc_files
    from accel.projects.step import converted_network, install
    from accel.runs.run import open_run

    with open_run(run) as opened:
        files = soc_files(converted_network(opened))
        project = install(opened, "soc", "FuseSoC", "fusesoc --cores-root . run --target lint "
                          "chronogate:forecast:accelerator_dma", files, 0.0)  # fmt: skip
    if json:
        print_json(project)
    else:
        print(f"{run / project.folder}: {', '.join(project.files)}")
