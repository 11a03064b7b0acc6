"""The work of bench.engine_work by Polars' streaming engine.

Arguments: the file to read, its format, the file to write, AppFlow's word for its format.
"""

# Not of headrace's environment: pyright does not know Polars.
# pyright: reportMissingImports=false, reportUnknownVariableType=false
from __future__ import annotations

import sys

import polars as pl

source, form, path, file_type = sys.argv[1:]


def text(name: str, type_: pl.DataType) -> pl.Expr:
    """A value that is not of the type is null, as in the COPY beside it."""
    return pl.col(name).cast(type_, strict=False)


def moment(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S", time_zone="UTC", strict=False)


FIELDS = (
    *("id", "external_id", "first_name", "last_name", "email", "phone", "birth_date", "street", "city", "postcode"),
    *("country", "order_id", "ordered_at", "shipped_at", "status", "quantity", "price", "discount", "balance"),
    *("is_member", "note"),
)
# Parquet comes with types; the text formats are read as text, since any value may be wrong.
if form == "csv":
    frame = pl.scan_csv(source, infer_schema=False)
elif form == "json":
    frame = pl.scan_ndjson(source, schema=dict.fromkeys(FIELDS, pl.String))
else:
    frame = pl.scan_parquet(source)
IS_TYPED = form == "parquet"


def typed(name: str, type_: pl.DataType) -> pl.Expr:
    return text(name, type_).alias(name)


out = frame.filter(
    (pl.col("status") != "cancelled") & (text("quantity", pl.Float64()) > 2) & pl.col("id").is_not_null()
).select(
    typed("id", pl.Int64()),
    pl.col("external_id"),
    pl.concat_str("first_name", "last_name", separator=" ").alias("name"),
    (pl.lit("***") + pl.col("email").str.slice(3)).alias("email"),
    (pl.col("phone").str.head(-4) + pl.lit("****")).alias("phone"),
    pl.col("birth_date") if IS_TYPED else pl.col("birth_date").str.to_date("%Y-%m-%d", strict=False),
    pl.col("city"),
    pl.col("country"),
    typed("order_id", pl.Int64()),
    pl.col("ordered_at") if IS_TYPED else moment("ordered_at"),
    typed("quantity", pl.Int64()),
    typed("price", pl.Decimal(18, 4)),
    (text("price", pl.Float64()) * text("quantity", pl.Float64())).alias("total"),
    typed("balance", pl.Float64()),
    pl.col("is_member")
    if IS_TYPED
    else pl.col("is_member").replace_strict({"true": True, "false": False}, default=None),
    pl.col("note").str.head(20),
)
if file_type == "PARQUET":
    out.sink_parquet(path, compression="zstd", engine="streaming")
elif file_type == "JSON":
    out.sink_ndjson(path, engine="streaming")
else:
    out.sink_csv(path, compression="gzip" if file_type == "CSV_GZIP" else "uncompressed", engine="streaming")
