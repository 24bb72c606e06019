import Configuration
import Foundation

/// A schema in a file: `.avsc`, `.proto`, or a descriptor set as `protoc --include_imports -o` writes it; of the latter two with
/// `#Message` behind the name for one that is not the first.
struct SchemaFile: SchemaSource {
  private let writer: WriterSchema

  var needsFrame: Bool { false }

  init(_ file: String, _ format: InputFormat) throws(InputError) {
    let parts = file.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let path = format == .protobuf ? String(parts[0]) : file
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw InputError("\(path): cannot be read; check the path given as schema")
    }
    do throws(InputError) {
      writer =
        format == .avro
        ? .avro(try AvroSchema(text: Self.text(bytes)))
        : .protobuf(
          try Self.proto(bytes, path, message: parts.count > 1 ? String(parts[1]) : nil))
    } catch {
      throw InputError("\(path): \(error)")
    }
  }

  private static func proto(
    _ bytes: Data, _ path: String, message: String?
  ) throws(InputError) -> ProtoSchema {
    var schema: ProtoSchema
    if path.hasSuffix(".proto") {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
      schema = try ProtoSchema(text: try text(bytes)) { name throws(InputError) in
        guard let found = FileManager.default.contents(atPath: folder.appending(path: name).path)
        else {
          throw InputError("imports \(name), which is not in \(folder.path)")
        }
        return try text(found)
      }
    } else {
      schema = try ProtoSchema(descriptorSet: Array(bytes))
    }
    if let message { try schema.choose(message) }
    return schema
  }

  private static func text(_ bytes: Data) throws(InputError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw InputError("is not UTF-8")
    }
    return text
  }

  func schema(_ id: Int32) throws(SchemaUnavailable) -> WriterSchema? { writer }
}
