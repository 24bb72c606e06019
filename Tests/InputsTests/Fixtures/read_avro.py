"""Reads Avro records by their writer's schema and a reader's, as a consumer does, and prints each as a line of JSON.

Takes {"writer": schema, "reader": schema, "records": [base64]} from standard input.
"""
import base64, datetime, decimal, io, json, sys

import fastavro

question = json.load(sys.stdin)
writer = fastavro.parse_schema(json.loads(question["writer"]))
reader = fastavro.parse_schema(json.loads(question["reader"]))


def text(value):
    if isinstance(value, decimal.Decimal):
        return format(value, ".6f")
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (value.microsecond // 1000)
    raise TypeError(type(value))


def ordered(name, value):
    """A record's fields in the order of the reader's schema."""
    if not isinstance(value, dict):
        return value
    type = next(field["type"] for field in reader["fields"] if field["name"] == name)
    return {field["name"]: value[field["name"]] for field in type["fields"]}


fields = ["view", "dimensions", "window_start", "window_end", "clicks", "conversions", "revenue", "spend", "final",
          "revision", "watermark"]
for record in question["records"]:
    value = fastavro.schemaless_reader(io.BytesIO(base64.b64decode(record)), writer, reader)
    print(json.dumps({name: ordered(name, value[name]) for name in fields}, default=text, ensure_ascii=False,
                     separators=(",", ":")))
