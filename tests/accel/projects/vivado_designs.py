"""A recorder of Vivado's commands for block designs."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from tests.accel.projects.recorder import Problem, Recorder, existing, split_options
from tests.accel.projects.vivado_ips import INTERCONNECT, IPS, IpPins, interconnect


class BlockDesigns(Recorder):
    """Cells, what connects them, and addresses."""

    name: str

    def __init__(self) -> None:
        super().__init__()
        self.catalog = {**IPS, INTERCONNECT: IpPins()}
        self.files: list[Path] = []
        self.folder = Path()
        self.properties: dict[tuple[str, str], str] = {}
        self.cells: dict[str, str] = {}
        self.driven: dict[str, str] = {}
        self.joined: dict[str, str] = {}
        self.addresses: dict[str, tuple[int, int]] = {}
        self.rest_assigned = False

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
