"""The data sets that a configuration can name. A new one is one more file and one more entry."""

from accel.datasets.beijing_weather import BEIJING_WEATHER
from accel.datasets.dataset import Dataset
from accel.datasets.etth1 import ETTH1
from accel.datasets.retail_demand import RETAIL_DEMAND
from accel.datasets.seattle_temperature import SEATTLE_TEMPERATURE
from accel.datasets.stock_prices import STOCK_PRICES
from hw.errors import ChronogateError

_DATASETS: tuple[Dataset, ...] = (
    BEIJING_WEATHER,
    SEATTLE_TEMPERATURE,
    STOCK_PRICES,
    RETAIL_DEMAND,
    ETTH1,
)


def datasets() -> tuple[Dataset, ...]:
    """Return every known data set, the default first."""
    return _DATASETS


def find_dataset(name: str) -> Dataset:
    """Return the data set called `name`.

    Raises
    ------
    ChronogateError
        When there is none.
    """
    for dataset in _DATASETS:
        if dataset.name == name:
            return dataset
    known = ", ".join(dataset.name for dataset in _DATASETS)
    raise ChronogateError(
        f"there is no data set {name!r}: use one of {known}, or name your own CSV with `file`"
    )
