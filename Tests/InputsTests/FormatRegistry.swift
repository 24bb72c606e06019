import Foundation
import TestServers

extension StubRegistry {
  /// One that has these schemas, and those that Protobuf's refer to.
  convenience init(_ formats: Formats) throws {
    @Sendable func schema(_ text: String, _ more: String = "") -> Answer {
      let quoted = String(decoding: try! JSONEncoder().encode(text), as: UTF8.self)
      return Answer(body: "{\"schema\":\(quoted)\(more)}")
    }
    let shop = try Formats.text("shop.proto")
    let people = try Formats.text("people.proto")
    let schemas = formats.avroSchemas
    try self.init { path, _ in
      switch path {
      case "/schemas/ids/10":
        return schema(
          shop,
          #","schemaType":"PROTOBUF","references":[{"name":"people.proto","subject":"people/value","version":3}]"#
        )
      case "/subjects/people%2Fvalue/versions/3":
        return schema(
          people, #","schemaType":"PROTOBUF","subject":"people/value","version":3,"id":9"#)
      case "/schemas/ids/11": return schema("{}", #","schemaType":"JSON""#)
      case "/schemas/ids/12": return schema("{\"type\":\"recor\"}")
      default:
        let number = path.split(separator: "/").last.map(String.init) ?? ""
        return schemas[number].map { schema($0) } ?? StubRegistry.unknown
      }
    }
  }
}
