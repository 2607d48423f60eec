"""An HLS project as a vendor's tool leaves it: reports in the forms of three of its versions."""

from dataclasses import dataclass
from pathlib import Path

PARAMETERS = """// hls-fpga-machine-learning insert layer-config
// hidden
struct config2_mult : nnet::dense_config {
};

struct config2 : nnet::conv1d_config {
};

// gru
struct config_gru_0 {
};

// hidden_quantizer
struct config20 : nnet::activ_config {
};
"""


@dataclass(frozen=True)
class Form:
    """How a version of the tool writes: name of its DSP blocks, whether it says a throughput."""

    version: str
    dsp: str
    throughput: bool


FORMS = (
    Form("2018.2", "DSP48E", False),
    Form("2019.2", "DSP48E", True),
    Form("2023.1", "DSP", True),
)


def synthesis_report(
    form: Form, top: str, latency: int | str, interval: int | str, dsp: int = 0
) -> str:
    """Return the text of a ``_csynth.xml``."""
    throughput = f"<DataflowPipelineThroughput>{interval}</DataflowPipelineThroughput>\n"
    return f"""<profile>

<ReportVersion>
<Version>{form.version}</Version>
</ReportVersion>

<UserAssignments>
<unit>ns</unit>
<ProductFamily>virtexuplus</ProductFamily>
<Part>xcvu13p-flga2577-2-e</Part>
<TopModelName>{top}</TopModelName>
<TargetClockPeriod>5.00</TargetClockPeriod>
<ClockUncertainty>1.35</ClockUncertainty>
</UserAssignments>

<PerformanceEstimates>
<PipelineType>dataflow</PipelineType>
<SummaryOfTimingAnalysis>
<unit>ns</unit>
<EstimatedClockPeriod>3.649</EstimatedClockPeriod>
</SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>
<unit>clock cycles</unit>
<Best-caseLatency>{latency}</Best-caseLatency>
<Average-caseLatency>{latency}</Average-caseLatency>
<Worst-caseLatency>{latency}</Worst-caseLatency>
{throughput if form.throughput else ""}<Interval-min>{interval}</Interval-min>
<Interval-max>{interval}</Interval-max>
</SummaryOfOverallLatency>
</PerformanceEstimates>

<AreaEstimates>
<Resources>
<BRAM_18K>4</BRAM_18K>
<{form.dsp}>{dsp}</{form.dsp}>
<FF>700</FF>
<LUT>900</LUT>
<URAM>0</URAM>
</Resources>
<AvailableResources>
<BRAM_18K>2160</BRAM_18K>
<{form.dsp}>4272</{form.dsp}>
<FF>850560</FF>
<LUT>425280</LUT>
<URAM>80</URAM>
</AvailableResources>
</AreaEstimates>

</profile>
"""


def cosimulation_report(status: str, *figures: str) -> str:
    """Return the text of a ``_cosim.rpt``; newer tools add the total."""
    absent = "|".join("NA".rjust(15) for _ in figures)
    found = "|".join(figure.rjust(15) for figure in figures)
    return f"""Report time       : Wed May  6 12:33:41 PM EDT 2026.
Solution          : solution1.

+----------+----------+-----------------------------------------------+
|          |          |             Latency(Clock Cycles)             |
+   RTL    +  Status  +-----------------------------------------------+
|          |          |      min      |      avg      |      max      |
+----------+----------+-----------------------------------------------+
|      VHDL|        NA|{absent}|
|   Verilog|{status.rjust(10)}|{found}|
+----------+----------+-----------------------------------------------+
"""


def write_project(folder: Path, form: Form, cosimulation: str | None = None) -> Path:
    """Write a synthesized project: a convolution with its product, a GRU, a helper of no layer."""
    solution = folder / "accelerator_prj" / "solution1"
    reports = solution / "syn" / "report"
    reports.mkdir(parents=True)
    (folder / "firmware").mkdir()
    (folder / "firmware" / "parameters.h").write_text(PARAMETERS)
    (folder / "project.tcl").write_text('variable project_name\nset project_name "accelerator"\n')
    top = synthesis_report(form, "accelerator", 695, 578, dsp=29)
    (reports / "accelerator_csynth.xml").write_text(top)
    if form.throughput:  # the first of the three forms is read without the summary
        (reports / "csynth.xml").write_text(top)
    for function, latency, interval in (
        ("dense_latency_ap_fixed_16_6_5_3_0_config2_mult_s", 7, 1),
        ("conv_1d_cl_array_ap_fixed_16u_config2_s", 130, 129),
        ("gru_ap_fixed_ap_fixed_config_gru_0_s", 560, 578),
        ("linear_ap_fixed_8_3_config20_s", "undef", "undef"),
        ("Block_proc", 0, 0),
    ):
        text = synthesis_report(form, function, latency, interval)
        (reports / f"{function}_csynth.xml").write_text(text)
    if cosimulation is not None:
        (solution / "sim" / "report").mkdir(parents=True)
        (solution / "sim" / "report" / "accelerator_cosim.rpt").write_text(cosimulation)
    return folder
