"""ETTh1: hourly load and oil temperature of a transformer, the usual benchmark.

Its licence (CC BY-ND 4.0) allows no changed copies, so the program does not ship it: download
``ETTh1.csv`` and name it as ``file``.
"""

from accel.datasets.dataset import Column, Dataset

ETTH1 = Dataset(
    name="etth1",
    description="hourly loads and oil temperature of a power transformer, 2016 to 2018",
    source='ETDataset (github.com/zhouhaoyi/ETDataset); name your copy with `file = "..."`',
    licence="CC BY-ND 4.0",
    file=None,
    time_column="date",
    step="1h",
    columns=(
        Column("HUFL", "", "high useful load"),
        Column("HULL", "", "high useless load"),
        Column("MUFL", "", "middle useful load"),
        Column("MULL", "", "middle useless load"),
        Column("LUFL", "", "low useful load"),
        Column("LULL", "", "low useless load"),
        Column("OT", "°C", "oil temperature"),
    ),
    default_targets=("OT",),
)
