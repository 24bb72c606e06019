/// Google's own types that schemas import without bringing them along.
enum WellKnownTypes {
  static func text(of file: String) -> String? {
    switch file {
    case "google/protobuf/timestamp.proto":
      return head + "message Timestamp { int64 seconds = 1; int32 nanos = 2; }"
    case "google/protobuf/duration.proto":
      return head + "message Duration { int64 seconds = 1; int32 nanos = 2; }"
    case "google/protobuf/wrappers.proto":
      let wrappers = [
        ("Double", "double"), ("Float", "float"), ("Int64", "int64"), ("UInt64", "uint64"),
        ("Int32", "int32"), ("UInt32", "uint32"), ("Bool", "bool"), ("String", "string"),
        ("Bytes", "bytes"),
      ]
      return head + wrappers.map { "message \($0)Value { \($1) value = 1; }" }.joined()
    case "google/protobuf/any.proto":
      return head + "message Any { string type_url = 1; bytes value = 2; }"
    case "google/protobuf/empty.proto": return head + "message Empty {}"
    case "google/protobuf/field_mask.proto":
      return head + "message FieldMask { repeated string paths = 1; }"
    case "google/protobuf/struct.proto":
      return head + """
        message Struct { map<string, Value> fields = 1; }
        message Value { oneof kind { NullValue null_value = 1; double number_value = 2;
          string string_value = 3; bool bool_value = 4; Struct struct_value = 5;
          ListValue list_value = 6; } }
        enum NullValue { NULL_VALUE = 0; }
        message ListValue { repeated Value values = 1; }
        """
    case "google/type/date.proto":
      return
        "syntax = \"proto3\"; package google.type; message Date { int32 year = 1; int32 month = 2; "
        + "int32 day = 3; }"
    case "google/type/money.proto":
      return "syntax = \"proto3\"; package google.type; message Money { string currency_code = 1; "
        + "int64 units = 2; int32 nanos = 3; }"
    case "google/type/decimal.proto":
      return "syntax = \"proto3\"; package google.type; message Decimal { string value = 1; }"
    case "confluent/type/decimal.proto":
      return "syntax = \"proto3\"; package confluent.type; message Decimal { bytes value = 1; "
        + "uint32 precision = 2; int32 scale = 3; }"
    default: return nil
    }
  }

  /// Files of options, which mean nothing for what is written.
  static func isWithoutMessages(_ file: String) -> Bool {
    [
      "google/protobuf/descriptor.proto", "confluent/meta.proto", "google/api/annotations.proto",
      "google/api/field_behavior.proto", "buf/validate/validate.proto",
      "validate/validate.proto", "gogoproto/gogo.proto", "google/api/http.proto",
    ].contains(file)
  }

  private static let head = "syntax = \"proto3\"; package google.protobuf;\n"

  /// A message that stands for one value.
  enum Scalar: Sendable {
    /// Seconds and nanoseconds since the epoch.
    case timestamp
    /// The field with number 1.
    case wrapper
  }

  static func scalar(_ fullName: String) -> Scalar? {
    switch fullName {
    case "google.protobuf.Timestamp": .timestamp
    case "google.protobuf.DoubleValue", "google.protobuf.FloatValue", "google.protobuf.Int64Value",
      "google.protobuf.UInt64Value", "google.protobuf.Int32Value", "google.protobuf.UInt32Value",
      "google.protobuf.BoolValue", "google.protobuf.StringValue", "google.protobuf.BytesValue",
      "google.type.Decimal":
      .wrapper
    default: nil
    }
  }
}
