import Kafka
import Testing

@testable import Cluster

@Suite("Records made to fit their topic")
struct FittedRecordTests {
  private let added = [Header(name: "reason", value: Array("too_large".utf8))]

  private func fit(
    key: Int?, value: Int?, own: [Header] = [], limit: Int
  ) -> (key: Int?, value: [UInt8]?, headers: [String], cut: String?, size: Int) {
    let key = key.map { [UInt8](repeating: 1, count: $0) }
    let value = value.map { (0..<$0).map { UInt8(truncatingIfNeeded: $0) } }
    return withOptionalBytes(key) { key in
      withOptionalBytes(value) { value in
        let fitted = FittedRecord(key: key, value: value, own: own, added: added, limit: limit)
        return (
          fitted.key?.count, fitted.value.map { Array($0) }, fitted.headers.map(\.name),
          fitted.headers.last { $0.name == "cut" }?.value.map {
            String(decoding: $0, as: UTF8.self)
          },
          RecordSize.bytes(
            key: fitted.key?.count ?? 0, value: fitted.value?.count ?? 0, headers: fitted.headers)
        )
      }
    }
  }

  @Test("what fits is untouched")
  func untouched() {
    let own = [Header(name: "cut", value: [1])]
    let fitted = fit(key: 10, value: 100_000, own: own, limit: 1_048_588)
    #expect(fitted.key == 10 && fitted.value?.count == 100_000)
    #expect(fitted.headers == ["cut", "reason"])
    #expect(fit(key: nil, value: nil, limit: 1_000).value == nil)
  }

  @Test("the value loses its end, down to the largest event, and the header has its length")
  func cutValue() {
    let own = [Header(name: "trace", value: [1])]
    let fitted = fit(key: 10, value: 3_000_000, own: own, limit: 1_048_588)
    #expect(fitted.cut == "3000000")
    #expect(fitted.headers == ["trace", "reason", "cut"])
    #expect(fitted.size <= 1_048_588 && fitted.size > 1_048_000)
    #expect(
      fitted.value?.indices.allSatisfy { fitted.value![$0] == UInt8(truncatingIfNeeded: $0) }
        == true)
  }

  @Test("headers go before an event's value, then the key, then the value's rest")
  func order() {
    let own = [Header(name: "blob", value: [UInt8](repeating: 0, count: 200_000))]
    let withoutHeaders = fit(key: 10, value: 50_000, own: own, limit: 100_000)
    #expect(withoutHeaders.headers == ["reason", "cut"] && withoutHeaders.key == 10)
    #expect(withoutHeaders.value?.count == 50_000 && withoutHeaders.cut == "50000")

    let withoutKey = fit(key: 90_000, value: 50_000, own: own, limit: 100_000)
    #expect(withoutKey.key == nil && withoutKey.value?.count == 50_000)

    let withoutAny = fit(key: 90_000, value: 90_000, own: own, limit: 1_000)
    #expect(withoutAny.key == nil && withoutAny.cut == "90000")
    #expect(withoutAny.size <= 1_000 && withoutAny.size > 900)
  }

  @Test("whatever the limit, what comes out fits or is nothing but what was added")
  func everyLimit() {
    for limit in stride(from: 0, to: 5_000, by: 37) {
      let own = [Header(name: "trace", value: [UInt8](repeating: 0, count: 700))]
      let fitted = fit(key: 800, value: 2_000, own: own, limit: limit)
      #expect(fitted.size <= limit || (fitted.key == nil && fitted.value?.isEmpty == true))
    }
  }

  private func withOptionalBytes<Result>(
    _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Result
  ) -> Result {
    guard let bytes else { return body(nil) }
    return bytes.withUnsafeBytes { body($0) }
  }
}
