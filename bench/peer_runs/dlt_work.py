"""The work of bench.engine_work by dlt's Arrow path.

Arguments: the file to read, its format, the folder to write into.

Record batches come from pyarrow's own readers and go through a pyarrow function: dlt passes them on without looking at
the values, which its pages on performance call the fastest way.
"""

# Not of headrace's environment: pyright does not know dlt and pyarrow.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportAttributeAccessIssue=false, reportUntypedFunctionDecorator=false
from __future__ import annotations

import sys
from collections.abc import Iterator

import dlt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

source, form, folder = sys.argv[1:]
BATCH_BYTES = 32 << 20
TYPES = {
    "id": pa.int64(),
    "external_id": pa.string(),
    "first_name": pa.string(),
    "last_name": pa.string(),
    "email": pa.string(),
    "phone": pa.string(),
    "birth_date": pa.date32() if form != "json" else pa.string(),
    "city": pa.string(),
    "country": pa.string(),
    "order_id": pa.int64(),
    "ordered_at": pa.timestamp("us") if form != "json" else pa.string(),
    "status": pa.string(),
    "quantity": pa.int64(),
    "price": pa.decimal128(18, 4) if form != "json" else pa.float64(),
    "balance": pa.float64(),
    "is_member": pa.bool_(),
    "note": pa.string(),
}


def batches() -> Iterator[pa.RecordBatch]:
    """All the fields that a task names, with types."""
    if form == "csv":
        yield from pyarrow.csv.open_csv(
            source,
            read_options=pyarrow.csv.ReadOptions(block_size=BATCH_BYTES),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=TYPES,
                include_columns=list(TYPES),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    elif form == "json":
        yield from pyarrow.json.open_json(
            source,
            read_options=pyarrow.json.ReadOptions(block_size=BATCH_BYTES),
            parse_options=pyarrow.json.ParseOptions(
                explicit_schema=pa.schema(list(TYPES.items())), unexpected_field_behavior="ignore"
            ),
        )
    else:
        yield from pyarrow.parquet.ParquetFile(source).iter_batches(columns=list(TYPES))


def worked(batch: pa.RecordBatch) -> pa.RecordBatch:
    wanted = pc.and_kleene(pc.not_equal(batch["status"], "cancelled"), pc.greater(batch["quantity"], 2))
    batch = batch.filter(pc.and_kleene(wanted, pc.is_valid(batch["id"])))
    price = batch["price"].cast(pa.decimal128(18, 4))
    fields = {
        "id": batch["id"],
        "external_id": batch["external_id"],
        "name": pc.binary_join_element_wise(batch["first_name"], batch["last_name"], " "),
        "email": pc.binary_join_element_wise("***", pc.utf8_slice_codeunits(batch["email"], 3), ""),
        "phone": pc.binary_join_element_wise(pc.utf8_slice_codeunits(batch["phone"], 0, -4), "****", ""),
        "birth_date": batch["birth_date"].cast(pa.date32()),
        "city": batch["city"],
        "country": batch["country"],
        "order_id": batch["order_id"],
        "ordered_at": batch["ordered_at"].cast(pa.timestamp("us")),
        "quantity": batch["quantity"],
        "price": price,
        "total": pc.multiply(price.cast(pa.float64()), batch["quantity"].cast(pa.float64())),
        "balance": batch["balance"].cast(pa.float64()),
        "is_member": batch["is_member"],
        "note": pc.utf8_slice_codeunits(batch["note"], 0, 20),
    }
    return pa.RecordBatch.from_pydict(fields)


@dlt.resource(name="people", write_disposition="append", file_format="parquet")
def people() -> Iterator[pa.RecordBatch]:
    for batch in batches():
        yield worked(batch)


dlt.pipeline(
    "bench",
    destination=dlt.destinations.filesystem(bucket_url=f"file://{folder}"),
    dataset_name="lake",
    pipelines_dir=f"{folder}/state",
).run(people())
