"""Hourly temperature of Seattle in 2010: one column, one missing hour."""

from accel.datasets.dataset import Column, Dataset

SEATTLE_TEMPERATURE = Dataset(
    name="seattle_temperature",
    description="hourly temperature of Seattle in 2010 (one hour is missing)",
    source="NOAA, through vega-datasets 0.9.0",
    licence="public domain",
    file="seattle_temperature.csv.xz",
    time_column="time",
    step="1h",
    columns=(Column("temperature", "°F", "air temperature"),),
    default_targets=("temperature",),
)
