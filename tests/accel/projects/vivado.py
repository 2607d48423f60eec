"""A recorder of Vivado's commands: projects, packaged IP, block designs, runs."""

from fnmatch import fnmatchcase
from pathlib import Path

from tests.accel.projects.recorder import (
    PortOf,
    Problem,
    existing,
    module_ports,
    split_options,
)
from tests.accel.projects.vivado_designs import BlockDesigns
from tests.accel.projects.vivado_ips import IpPins

_AXI_LITE = {
    "awaddr", "awvalid", "awready", "wdata", "wstrb", "wvalid", "wready", "bresp", "bvalid",
    "bready", "araddr", "arvalid", "arready", "rdata", "rresp", "rvalid", "rready",
}  # fmt: skip


class Vivado(BlockDesigns):
    """Vivado, as far as the projects use it.

    Parameters
    ----------
    parts
        The parts that exist.
    board_parts
        The board files that are installed.
    """

    def __init__(self, parts: set[str], board_parts: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.parts, self.board_parts = parts, board_parts
        self.associated: set[str] = set()
        self.core: dict[str, PortOf] = {}
        self.core_name = ""
        for name in dir(self):
            if name.startswith("do_"):
                self.command(name[3:].replace("__", "::"), getattr(self, name))

    # Projects

    def do_create_project(self, *words: str) -> None:
        options, (name, folder) = split_options(words, {"-part"}, {"-force"})
        if options["-part"] not in self.parts:
            raise Problem(f"there is no part {options['-part']}")
        self.name, self.folder, self.files = name, Path(folder), []
        self.folder.mkdir(parents=True, exist_ok=True)

    def do_close_project(self) -> None:
        self.files = []

    def do_current_project(self) -> str:
        return "project"

    def do_current_fileset(self) -> str:
        return "sources_1"

    def do_add_files(self, *words: str) -> None:
        _, files = split_options(words, {"-fileset"}, {"-norecurse"})
        self.files += [existing(file) for file in files]

    def do_get_files(self, pattern: str) -> str:
        found = [
            f for f in self.files if f.name == pattern or str(f) == str(Path(pattern).resolve())
        ]
        if not found:
            raise Problem(f"no file {pattern} was added")
        return str(found[0])

    def do_update_compile_order(self, option: str, fileset: str) -> None:
        top = self.properties.get(("sources_1", "top"))
        if top is None:
            raise Problem("no top was set")
        if top != "system_wrapper":
            self.top_ports(top)

    def top_ports(self, top: str) -> dict[str, PortOf]:
        """Return the ports of a module among the files added."""
        text = "\n".join(f.read_text() for f in self.files if f.suffix == ".v")
        return module_ports(text, top)

    def do_update_ip_catalog(self, option: str) -> None:
        if option != "-rebuild":
            raise Problem(f"there is no option {option}")
        for folder in self.words(self.properties["project", "ip_repo_paths"]):
            for core in Path(folder).glob("*/component.xml"):
                self.catalog[core.read_text()] = self.packaged()

    def do_set_property(self, *words: str) -> None:
        if words[0] == "-dict":
            pairs, target = self.words(words[1]), words[2]
            settings = dict(zip(pairs[::2], pairs[1::2], strict=True))
        else:
            settings, target = {words[0]: words[1]}, words[2]
        if not target:
            raise Problem(f"set_property {words[0]} of nothing")
        for name, value in settings.items():
            self.properties[target, name] = value

    def do_get_property(self, name: str, target: str) -> str:
        if name == "DIRECTORY":
            return str(self.folder / f"{self.name}.runs" / target)
        return {"PROGRESS": "100%", "SLACK": "0.5"}[name]

    def do_get_board_parts(self, quiet: str, pattern: str) -> str:
        return " ".join(part for part in self.board_parts if fnmatchcase(part, pattern))

    # Packaging

    def do_ipx__package_project(self, *words: str) -> None:
        options, _ = split_options(
            words, {"-root_dir", "-vendor", "-library", "-taxonomy"}, {"-import_files", "-force"}
        )
        self.core_folder = Path(options["-root_dir"])
        self.core_folder.mkdir(parents=True, exist_ok=True)
        self.vendor = f"{options['-vendor']}:{options['-library']}"
        self.core = self.top_ports(self.properties["sources_1", "top"])
        self.associated = set()

    def do_ipx__current_core(self) -> str:
        return "core"

    def buses(self) -> dict[str, bool]:
        """Return the AXI interfaces of the core, and whether they are masters."""
        ports = self.core
        streams = {n[:-6]: ports[n].output for n in ports if n.endswith("_tdata")}
        for bus, master in list(streams.items()):
            if ports[f"{bus}_tvalid"].output != master or ports[f"{bus}_tready"].output == master:
                del streams[bus]
        slaves = {n[:-7] for n in ports if n.endswith("_awaddr")}
        whole = {bus for bus in slaves if all(f"{bus}_{name}" in ports for name in _AXI_LITE)}
        return streams | dict.fromkeys(whole, False)

    def do_ipx__get_bus_interfaces(self, *words: str) -> str:
        _, (name,) = split_options(words, {"-of_objects"}, {"-quiet"})
        return name if name in self.buses() or name in self.core else ""

    def do_ipx__infer_bus_interface(self, *words: str) -> None:
        raise Problem(f"no port {words[0]}")

    do_ipx__infer_bus_interfaces = do_ipx__infer_bus_interface

    def do_ipx__associate_bus_interfaces(self, *words: str) -> None:
        options, _ = split_options(words, {"-busif", "-clock", "-reset"}, set())
        for option in ("-clock", "-reset"):
            if options[option] not in self.core:
                raise Problem(f"there is no port {options[option]}")
        self.associated.add(options["-busif"])

    def do_ipx__get_memory_maps(self, name: str, *words: str) -> str:
        return f"map/{name}"

    def do_ipx__get_address_blocks(self, name: str, *words: str) -> str:
        return f"{words[1]}/{name}"

    def do_ipx__create_xgui_files(self, core: str) -> None: ...

    do_ipx__update_checksums = do_ipx__create_xgui_files

    def do_ipx__check_integrity(self, core: str) -> None:
        if free := sorted(set(self.buses()) - self.associated):
            raise Problem(f"{', '.join(free)} have no clock")

    def do_ipx__save_core(self, core: str) -> None:
        properties = {name: self.properties["core", name] for name in ("name", "version")}
        vlnv = f"{self.vendor}:{properties['name']}:{properties['version']}"
        (self.core_folder / "component.xml").write_text(vlnv)

    def packaged(self) -> IpPins:
        """Return the pins of the core."""
        buses = self.buses()
        return IpPins(
            inputs=frozenset({"aclk", "aresetn"}),
            slaves=frozenset(bus for bus, master in buses.items() if not master),
            masters=frozenset(bus for bus, master in buses.items() if master),
            segments=frozenset({"s_axil/reg0"}),
            widths={b: self.core[f"{b}_tdata"].width for b in buses if f"{b}_tdata" in self.core},
        )

    # Runs

    def do_get_runs(self, name: str) -> str:
        if name not in ("synth_1", "impl_1"):
            raise Problem(f"there is no run {name}")
        return name

    def do_launch_runs(self, *words: str) -> None:
        options, (run,) = split_options(words, {"-jobs", "-to_step"}, set())
        if options.get("-to_step") == "write_bitstream":
            folder = self.folder / f"{self.name}.runs" / run
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{self.properties['sources_1', 'top']}.bit").write_text("")

    def do_wait_on_run(self, run: str) -> None:
        self.do_get_runs(run)

    do_open_run = do_wait_on_run

    def do_report_utilization(self, option: str, file: str) -> None: ...

    do_report_timing_summary = do_report_utilization

    def do_get_timing_paths(self, option: str, kind: str) -> str:
        return "path"

    def do_write_hw_platform(self, *words: str) -> None:
        split_options(words, {"-file"}, {"-fixed", "-include_bit", "-force"})
        Path(words[-1]).write_text("")
