"""Units sold a day by an online shop, 2009 to 2011: in all, and of twelve intermittent items."""

from accel.datasets.dataset import Column, Dataset

ITEMS = (
    "15036", "17003", "21213", "21980", "21982", "21984",
    "22197", "22492", "84077", "84568", "84755", "84992",
)  # fmt: skip

RETAIL_DEMAND = Dataset(
    name="retail_demand",
    description="units sold a day by a British online shop, from its invoices, 2009 to 2011",
    source="UCI Machine Learning Repository, doi:10.24432/C5CG6D (Daqing Chen, 2012)",
    licence="CC BY 4.0",
    file="retail_demand.csv.xz",
    time_column="date",
    step="1D",
    columns=(
        Column("total", "units", "all items"),
        *(Column(f"item_{code}", "units", f"item {code}") for code in ITEMS),
    ),
    default_targets=("total",),
)
