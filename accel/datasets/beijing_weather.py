"""Hourly weather of Beijing, 2010 to 2014: the default data set."""

from accel.datasets.dataset import Column, Dataset

BEIJING_WEATHER = Dataset(
    name="beijing_weather",
    description="hourly weather at Beijing airport and PM2.5 in the city, 2010 to 2014",
    source="UCI Machine Learning Repository, doi:10.24432/C5JS49 (Song Chen, 2015)",
    licence="CC BY 4.0",
    file="beijing_weather.csv.xz",
    time_column="time",
    step="1h",
    columns=(
        Column("temperature", "°C", "air temperature"),
        Column("dew_point", "°C", "dew point"),
        Column("pressure", "hPa", "air pressure"),
        Column("wind", "m/s", "wind speed, summed up since the wind last turned"),
        Column("snow", "h", "hours of snow so far"),
        Column("rain", "h", "hours of rain so far"),
        Column("pm2_5", "µg/m³", "fine particles (2,067 values are missing)"),
    ),
    default_targets=("temperature",),
)
