"""A recorder of Vivado's commands: projects, packaged IP, block designs, runs."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from tests.accel.projects.recorder import (
    PortOf,
    Problem,
    Recorder,
    existing,
    module_ports,
    split_options,
)
from tests.accel.projects.vivado_ips import INTERCONNECT, IPS, IpPins, interconnect

_AXI_LITE = {
    "awaddr", "awvalid", "awready", "wdata", "wstrb", "wvalid", "wready", "bresp", "bvalid",
    "bready", "araddr", "arvalid", "arready", "rdata", "rresp", "rvalid", "rready",
}  # fmt: skip


class Vivado(Recorder):
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
        self.catalog = {**IPS, INTERCONNECT: IpPins()}
        self.files: list[Path] = []
        self.folder = Path()
        self.properties: dict[tuple[str, str], str] = {}
        self.cells: dict[str, str] = {}
        self.driven: dict[str, str] = {}
        self.joined: dict[str, str] = {}
        self.addresses: dict[str, tuple[int, int]] = {}
        self.rest_assigned = False
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

    # Block designs

    def do_get_ipdefs(self, option: str, pattern: str) -> str:
        return " ".join(vlnv for vlnv in self.catalog if fnmatchcase(vlnv, pattern))

    def do_create_bd_design(self, name: str) -> None:
        self.design = name
        self.cells = {}

    def do_create_bd_cell(self, *words: str) -> str:
        options, (name,) = split_options(words, {"-type", "-vlnv"}, set())
        if options["-vlnv"] not in self.catalog:
            raise Problem(f"there is no IP {options['-vlnv']}")
        self.cells[name] = options["-vlnv"]
        return name

    def pins(self, cell: str) -> IpPins:
        """Return the pins of a cell."""
        if cell not in self.cells:
            raise Problem(f"there is no cell {cell}")
        vlnv = self.cells[cell]
        if vlnv == INTERCONNECT:
            sizes = [int(self.properties[cell, f"CONFIG.NUM_{side}"]) for side in ("SI", "MI")]
            return interconnect(*sizes)
        return self.catalog[vlnv]

    def do_apply_bd_automation(self, *words: str) -> None:
        options, (cell,) = split_options(words, {"-rule", "-config"}, set())
        settings = self.words(options["-config"])
        given = dict(zip(settings[::2], settings[1::2], strict=True))
        if options["-rule"].split(":")[2] != self.cells[cell].split(":")[2]:
            raise Problem(f"the rule {options['-rule']} is none for {cell}")
        if given["apply_board_preset"] == "1" and ("project", "board_part") not in self.properties:
            raise Problem("a preset without a board")
        for name in re.split(r",\s*", given.get("make_external", "")):
            if name in self.pins(cell).external:
                self.joined[f"{cell}/{name}"] = "external"

    def do_get_bd_cells(self, name: str) -> str:
        if name not in self.cells:
            raise Problem(f"there is no cell {name}")
        return name

    def do_get_bd_pins(self, name: str) -> str:
        cell, pin = name.split("/")
        if pin not in self.pins(cell).inputs | self.pins(cell).outputs:
            raise Problem(f"there is no pin {name}")
        return name

    def do_get_bd_intf_pins(self, name: str) -> str:
        cell, pin = name.split("/")
        if pin not in self.pins(cell).slaves | self.pins(cell).masters:
            raise Problem(f"there is no interface {name}")
        return name

    def do_connect_bd_intf_net(self, source: str, target: str) -> None:
        for name, side in ((source, "masters"), (target, "slaves")):
            cell, pin = name.split("/")
            if pin not in getattr(self.pins(cell), side):
                raise Problem(f"{name} is not one of the {side}")
            if name in self.joined:
                raise Problem(f"{name} is connected already")
        if self.width(source) != self.width(target):
            raise Problem(f"{source} and {target} are of different widths")
        self.joined[source], self.joined[target] = target, source

    def width(self, name: str) -> int | None:
        """Return the bits of the data of a stream, ``None`` of other interfaces."""
        cell, pin = name.split("/")
        width = self.pins(cell).widths.get(pin)
        return int(self.properties[cell, f"CONFIG.{width}"]) if isinstance(width, str) else width

    def do_connect_bd_net(self, source: str, target: str) -> None:
        (one, output), (other, entry) = source.split("/"), target.split("/")
        if output not in self.pins(one).outputs or entry not in self.pins(other).inputs:
            raise Problem(f"{source} cannot drive {target}")
        if target in self.driven:
            raise Problem(f"{target} is driven already")
        self.driven[target] = source

    def do_get_bd_addr_spaces(self, name: str) -> str:
        cell, space = name.split("/")
        if space not in self.pins(cell).spaces:
            raise Problem(f"there is no address space {name}")
        return name

    def do_get_bd_addr_segs(self, name: str) -> str:
        cell, _, segment = name.partition("/")
        if segment not in self.pins(cell).segments:
            raise Problem(f"there is no segment {name}")
        return name

    def do_assign_bd_address(self, *words: str) -> None:
        if not words:
            self.rest_assigned = True
            return
        options, (segment,) = split_options(
            words, {"-offset", "-range", "-target_address_space"}, set()
        )
        begin, size = int(options["-offset"], 16), int(options["-range"].rstrip("K")) << 10
        for other, (start, length) in self.addresses.items():
            if begin < start + length and start < begin + size:
                raise Problem(f"{segment} and {other} overlap")
        self.addresses[segment] = begin, size

    def do_validate_bd_design(self) -> None:
        for cell in self.cells:
            pins = self.pins(cell)
            for name in sorted(pins.inputs):
                if f"{cell}/{name}" not in self.driven:
                    raise Problem(f"{cell}/{name} is not connected")
            for name in sorted(pins.slaves | pins.masters):
                if f"{cell}/{name}" not in self.joined:
                    raise Problem(f"{cell}/{name} is not connected")
            for segment in sorted(pins.segments):
                if f"{cell}/{segment}" not in self.addresses:
                    raise Problem(f"{cell}/{segment} has no address")
        if not self.rest_assigned:
            raise Problem("the memory has no address")

    def do_save_bd_design(self) -> None:
        file = self.folder / f"{self.design}.bd"
        file.write_text("")
        self.files.append(file.resolve())

    def do_make_wrapper(self, *words: str) -> None:
        options, _ = split_options(words, {"-files"}, {"-top", "-import"})
        existing(options["-files"])

    def do_generate_target(self, what: str, file: str) -> None:
        handoff = self.folder / f"{self.name}.gen/sources_1/bd/{self.design}/hw_handoff"
        handoff.mkdir(parents=True, exist_ok=True)
        (handoff / f"{self.design}.hwh").write_text("")

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
