"""Makes formats.json: the same events in four forms, and values of every type.

    python3 -m venv venv && venv/bin/pip install fastavro==1.12.1 protobuf grpcio-tools
    venv/bin/python make_formats.py

What Avro and protobuf write is fastavro's and protobuf's own; the frame before it is Confluent's wire format.
"""
import base64, datetime, decimal, io, json, os, random, struct, subprocess, sys, tempfile, uuid

import fastavro

here = os.path.dirname(os.path.abspath(__file__))
rng = random.Random(15)
START = 1767571200000  # 2026-01-05T00:00:00Z


def b64(data):
    return base64.b64encode(data).decode()


# --- protobuf's classes
out = tempfile.mkdtemp()
subprocess.check_call([
    sys.executable, "-m", "grpc_tools.protoc", "-I", here, "--python_out", out,
    "--include_imports", "--descriptor_set_out", os.path.join(out, "shop.desc"),
    "shop.proto", "people.proto", "types.proto"])
subprocess.check_call([
    sys.executable, "-m", "grpc_tools.protoc", "-I", here,
    "--include_imports", "--descriptor_set_out", os.path.join(out, "shop.desc"), "shop.proto"])
subprocess.check_call([
    sys.executable, "-m", "grpc_tools.protoc", "-I", here,
    "--include_imports", "--descriptor_set_out", os.path.join(out, "types.desc"), "types.proto"])
sys.path.insert(0, out)
import shop_pb2, types_pb2  # noqa: E402

# --- Avro's schemas; version 2 of a touch has other fields, in another order, and one that is renamed
PARAM = {"type": "record", "name": "Param", "fields": [
    {"name": "key", "type": "string"}, {"name": "value", "type": ["null", "string", "long"]}]}
USER = {"type": "record", "name": "User", "fields": [
    {"name": "id", "type": ["null", "string"], "default": None},
    {"name": "device", "type": ["null", "string"], "default": None}]}
TYPE = {"type": "enum", "name": "Type", "symbols": ["CLICK", "IMPRESSION"]}
CAMPAIGN = ["null", {"type": "record", "name": "Campaign", "fields": [
    {"name": "name", "type": "string"}, {"name": "ad", "type": ["null", "string"]}]}]
COST = ["null", {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 6}]
TOUCH_1 = {"type": "record", "name": "Touch", "namespace": "com.example", "fields": [
    {"name": "id", "type": "string"}, {"name": "user", "type": USER},
    {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "type", "type": TYPE}, {"name": "campaign", "type": CAMPAIGN},
    {"name": "cost", "type": COST}, {"name": "params", "type": {"type": "array", "items": PARAM}},
    {"name": "tags", "type": {"type": "map", "values": "string"}}]}
TOUCH_2 = {"type": "record", "name": "Touch", "namespace": "com.example", "fields": [
    {"name": "trace", "type": ["null", {"type": "fixed", "name": "Trace", "size": 16}]},
    {"name": "tags", "type": {"type": "map", "values": "string"}},
    {"name": "type", "type": TYPE}, {"name": "user", "type": USER},
    {"name": "event_uuid", "aliases": ["id"], "type": "string"},
    {"name": "cost", "type": COST}, {"name": "campaign", "type": CAMPAIGN},
    {"name": "params", "type": {"type": "array", "items": PARAM}},
    {"name": "next", "type": ["null", "Param"]},
    {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-nanos"}}]}
ORDER = {"type": "record", "name": "Order", "namespace": "com.example", "fields": [
    {"name": "order_id", "type": "string"}, {"name": "user", "type": USER},
    {"name": "placed", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "total", "type": {
        "type": "fixed", "name": "Money", "size": 12, "logicalType": "decimal", "precision": 28, "scale": 8}}]}
SPEND = {"type": "record", "name": "Spend", "namespace": "com.example", "fields": [
    {"name": "id", "type": "string"}, {"name": "campaign", "type": "string"},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "amount", "type": "double"}]}
AVRO = {1: TOUCH_1, 2: TOUCH_2, 3: ORDER, 4: SPEND}
PARSED = {number: fastavro.parse_schema(schema) for number, schema in AVRO.items()}


def avro(number, value):
    output = io.BytesIO()
    fastavro.schemaless_writer(output, PARSED[number], value)
    return b64(b"\0" + struct.pack(">I", number) + output.getvalue())


def proto(indexes, message):
    def zigzag(value):
        value *= 2
        data = b""
        while value > 127:
            data += bytes([value & 127 | 128])
            value >>= 7
        return data + bytes([value])
    path = b"\0" if indexes == [0] else b"".join(map(zigzag, [len(indexes)] + indexes))
    return b64(b"\0" + struct.pack(">I", 10) + path + message.SerializeToString())


def rfc(ms):
    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


events = []
users = ["u-%d" % n for n in range(6)]
for n in range(120):
    kind = rng.choice(["impression", "click", "click", "click", "conversion", "cost"])
    time = START + n * 17_000 + rng.randrange(9_000)
    user = rng.choice(users)
    event = {"kind": kind, "timestamp": time + 1_000}
    if kind in ("click", "impression"):
        named = rng.random() < 0.8
        campaign = rng.choice(["c-1", "c-ü", "spring \"sale\""]) if named else None
        ad = rng.choice(["a-1", None]) if named else None
        channel = rng.choice(["email", "paid_search"])
        cents = rng.choice([None, "0.25", "0.00005", "1"])
        session = "s-%d" % rng.randrange(4)
        by_device = rng.random() < 0.3
        event_id = str(uuid.UUID(int=rng.getrandbits(128)))
        own = {"event_id": event_id, "user_id": user, "event_time": rfc(time),
               "campaign_id": campaign or "none", "channel": channel, "session_id": session}
        if ad: own["ad_id"] = ad
        if cents: own["cost"] = cents
        foreign = {
            "meta": {"v": 1, "type": "tap" if kind == "click" and n % 2 else kind}, "id": event_id,
            "user": {"id": None if by_device else user}, "device": {"idfa": user if by_device else ""},
            "ts": time / 1000, "utm": {"campaign": campaign, "content": ad}, "price": cents,
            "params": [{"key": "page", "value": 7}, {"key": "channel", "value": channel}],
            "tags": {"session": session}}
        value = {
            "id": event_id, "event_uuid": event_id,
            "user": {"id": None if by_device else user, "device": user if by_device else None},
            "ts": (time * 1000 + 999) if n % 2 else (time * 1_000_000 + 999_999),
            "type": kind.upper(),
            "campaign": {"name": campaign, "ad": ad} if campaign else None,
            "cost": decimal.Decimal(cents) if cents else None,
            "params": [{"key": "page", "value": 7}, {"key": "channel", "value": channel}],
            "tags": {"other": "x", "session": session}, "trace": None, "next": None}
        message = shop_pb2.Envelope.Touch(id=event_id, type=kind.upper())
        if by_device: message.user.device = user
        else: message.user.id = user
        message.ts.FromMicroseconds(time * 1000 + 999)
        if campaign: message.campaign.name = campaign
        if ad: message.campaign.ad = ad
        if cents: message.cost.value = cents
        message.params.add(key="page", number=7)
        message.params.add(key="channel", text=channel)
        message.tags["session"] = session
        message.tags["other"] = "x"
        event.update(key=user, own=own, foreign=foreign, avro=avro(1 if n % 2 else 2, value),
                     protobuf=proto([1, 1], message))
    elif kind == "conversion":
        time -= time % 1000
        total = rng.choice(["59.9", "0.1", "1234567.891234", "0"])
        order = "o-%d" % n
        berlin = datetime.datetime.fromtimestamp(
            time / 1000, datetime.timezone(datetime.timedelta(hours=1)))
        message = shop_pb2.Envelope.Order(
            order_id=order, placed_seconds=time // 1000, total=total)
        message.user.id = user
        event.update(
            key=user, own={"event_id": order, "user_id": user, "event_time": time, "value": total},
            foreign={"meta": {"type": "order"}, "number": order, "customer": [{"no": user}],
                     "placed": berlin.strftime("%d.%m.%Y %H:%M:%S"), "total": float(total)},
            avro=avro(3, {"order_id": order, "user": {"id": user, "device": None}, "placed": time,
                          "total": decimal.Decimal(total)}),
            protobuf=proto([1, 2], message))
    else:
        amount = rng.choice([12.5, 0.1, 5e-05, 3.0])
        day = START
        cost = "x-%d" % n
        event.update(
            key="c-1",
            own={"event_id": cost, "event_time": day, "campaign_id": "c-1", "amount": "%.6f" % amount},
            foreign={"meta": {"type": "cost"}, "id": cost, "day": "2026-01-05", "campaign": "c-1",
                     "amount": amount},
            avro=avro(4, {"id": cost, "campaign": "c-1", "day": datetime.date(2026, 1, 5),
                          "amount": amount}),
            protobuf=proto([1, 3], shop_pb2.Envelope.Cost(
                id=cost, campaign="c-1", day_ms=day, amount=amount)))
    for form in ("own", "foreign"): event[form] = json.dumps(event[form], ensure_ascii=n % 3 == 0)
    events.append(event)

# --- values of every type, with the text that they stand for
TYPES = {"type": "record", "name": "Types", "fields": [
    {"name": "a_bool", "type": "boolean"}, {"name": "an_int", "type": "int"},
    {"name": "a_long", "type": "long"}, {"name": "a_float", "type": "float"},
    {"name": "a_double", "type": "double"}, {"name": "whole", "type": "double"},
    {"name": "a_string", "type": "string"}, {"name": "some_bytes", "type": "bytes"},
    {"name": "a_date", "type": {"type": "int", "logicalType": "date"}},
    {"name": "millis", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "micros", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "before_epoch", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "small", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "negative", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "large", "type": {"type": "bytes", "logicalType": "decimal", "precision": 60, "scale": 10}},
    {"name": "an_id", "type": {"type": "fixed", "name": "Id", "size": 16, "logicalType": "uuid"}},
    {"name": "colour", "type": {"type": "enum", "name": "Colour", "symbols": ["RED", "BLUE"]}},
    {"name": "nothing", "type": ["null", "string"]}, {"name": "choice", "type": ["null", "long", "string"]},
    {"name": "numbers", "type": {"type": "array", "items": "int"}},
    {"name": "nested", "type": {"type": "map", "values": {"type": "map", "values": "long"}}},
    {"name": "tree", "type": {"type": "record", "name": "Tree", "fields": [
        {"name": "name", "type": "string"}, {"name": "child", "type": ["null", "Tree"]}]}}]}
some_uuid = uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")
value = {
    "a_bool": True, "an_int": -2147483648, "a_long": 9223372036854775807, "a_float": 0.1, "a_double": 0.1,
    "whole": 3.0, "a_string": "grüße", "some_bytes": b"ok", "a_date": datetime.date(2026, 1, 5),
    "millis": START + 7, "micros": START * 1000 + 7999, "before_epoch": -1,
    "small": decimal.Decimal("0.07"), "negative": decimal.Decimal("-1.28"),
    "large": decimal.Decimal("12345678901234567890123456789012345678.0000000001"),
    "an_id": some_uuid.bytes, "colour": "BLUE", "nothing": None, "choice": 5, "numbers": [10, 20, 30],
    "nested": {"x": {"y": 1}, "a": {"b": 2, "c": 3}},
    "tree": {"name": "r", "child": {"name": "s", "child": {"name": "t", "child": None}}}}
raw = dict(value, an_id=some_uuid.bytes)
types_schema = json.loads(json.dumps(TYPES))
writer_schema = json.loads(json.dumps(TYPES))
for field in writer_schema["fields"]:
    if field["name"] == "an_id": field["type"] = {"type": "fixed", "name": "Id", "size": 16}
output = io.BytesIO()
fastavro.schemaless_writer(output, fastavro.parse_schema(writer_schema), raw)
avro_types = {
    "schema": json.dumps(types_schema), "value": b64(output.getvalue()), "texts": {
        "a_bool": "true", "an_int": "-2147483648", "a_long": "9223372036854775807", "a_float": "0.1",
        "a_double": "0.1", "whole": "3", "a_string": "grüße", "some_bytes": "ok",
        "a_date": str(START), "millis": str(START + 7), "micros": str(START + 7), "before_epoch": "-1",
        "small": "0.07", "negative": "-1.28",
        "large": "12345678901234567890123456789012345678.0000000001", "an_id": str(some_uuid),
        "colour": "BLUE", "choice": "5", "numbers.1": "20", "numbers[2]": "30", "nested.a.c": "3",
        "tree.child.child.name": "t"}}

everything = types_pb2.All(
    a_double=-0.5, a_float=1.5, an_int32=-1, an_int64=-(2 ** 63), a_uint32=2 ** 32 - 1, a_uint64=2 ** 64 - 1,
    a_sint32=-5, a_sint64=-(2 ** 40), a_fixed32=7, a_fixed64=2 ** 63, a_sfixed32=-7, a_sfixed64=-8, a_bool=True,
    a_string="grüße", some_bytes=b"ok", colour=types_pb2.BLUE, packed=[1, 300, -1], unpacked=[4, 5], needed="x")
everything.inners[-3].text = "minus three"
everything.inners[4].again.a_string = "deep"
everything.inners[4].again.needed = "y"
for name, size in [("one", 1), ("two", 2)]:
    part = everything.part.add()
    part.name, part.size = name, size
proto_types = {
    "value": b64(everything.SerializeToString()), "texts": {
        "a_double": "-0.5", "a_float": "1.5", "an_int32": "-1", "an_int64": str(-(2 ** 63)),
        "a_uint32": str(2 ** 32 - 1), "a_uint64": str(2 ** 64 - 1), "a_sint32": "-5", "a_sint64": str(-(2 ** 40)),
        "a_fixed32": "7", "a_fixed64": str(2 ** 63), "a_sfixed32": "-7", "a_sfixed64": "-8", "a_bool": "true",
        "a_string": "grüße", "some_bytes": "ok", "colour": "BLUE", "packed.2": "-1", "packed[1]": "300",
        "unpacked.1": "5", "inners.-3.text": "minus three", "inners.4.again.a_string": "deep",
        "part[1].name": "two", "needed": "x"}}

with open(os.path.join(here, "formats.json"), "w") as file:
    json.dump({
        "avro_schemas": {str(number): json.dumps(schema) for number, schema in AVRO.items()},
        "shop_descriptors": b64(open(os.path.join(out, "shop.desc"), "rb").read()),
        "types_descriptors": b64(open(os.path.join(out, "types.desc"), "rb").read()),
        "avro_types": avro_types, "protobuf_types": proto_types, "events": events,
    }, file, ensure_ascii=False, separators=(",", ":"))
    file.write("\n")
