"""Daily prices of four stocks, 2000 to 2013: a row for each trading day."""

from accel.datasets.dataset import Column, Dataset

STOCK_PRICES = Dataset(
    name="stock_prices",
    description="adjusted daily closing prices of Apple, Google (from 2004), IBM and Microsoft",
    source="Quandl WIKI Prices, through bokeh-sampledata 2026.1",
    licence="public domain",
    file="stock_prices.csv.xz",
    time_column="date",
    step="row",
    columns=(
        Column("aapl", "USD", "Apple"),
        Column("goog", "USD", "Google, from its first day of trading, 2004-08-19"),
        Column("ibm", "USD", "IBM"),
        Column("msft", "USD", "Microsoft"),
    ),
    default_targets=("aapl", "ibm", "msft"),
)
