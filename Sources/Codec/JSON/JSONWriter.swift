import Attribution

/// Writes JSON in one pass, in the order of the calls.
package struct JSONWriter {
  package private(set) var bytes: [UInt8] = []
  /// Whether a comma must come before the next key or element.
  private var needsComma = false

  package init() {}

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package mutating func object(_ body: (inout JSONWriter) -> Void) {
    nest(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
  }

  package mutating func array<Elements: Sequence>(
    _ elements: Elements, _ body: (inout JSONWriter, Elements.Element) -> Void
  ) {
    nest(UInt8(ascii: "["), UInt8(ascii: "]")) { writer in
      for element in elements { body(&writer, element) }
    }
  }

  package mutating func key(_ name: String) {
    separate()
    bytes.appendJSONString(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func value(_ text: String?) {
    separate()
    if let text { bytes.appendJSONString(text) } else { bytes.append("null") }
  }

  package mutating func value(_ number: Int64?) {
    separate()
    if let number { bytes.appendDecimal(number) } else { bytes.append("null") }
  }

  package mutating func value(_ flag: Bool) {
    separate()
    bytes.append(flag ? "true" : "false")
  }

  /// A decimal string with six digits.
  package mutating func decimal(_ micros: MicrosSum?) {
    separate()
    if let micros { bytes.appendJSONDecimal(micros) } else { bytes.append("null") }
  }

  /// As the other, for one amount.
  package mutating func decimal(_ micros: Micros?) { decimal(micros.map { MicrosSum($0) }) }

  /// Text that is JSON already.
  package mutating func raw(_ json: some Sequence<UInt8>) {
    separate()
    bytes.append(contentsOf: json)
  }

  // MARK: Fields of an object

  package mutating func field(_ name: String, _ text: String?) {
    key(name)
    value(text)
  }

  package mutating func field(_ name: String, _ number: Int64?) {
    key(name)
    value(number)
  }

  package mutating func field(_ name: String, _ number: Int) { field(name, Int64(number)) }

  package mutating func field(_ name: String, _ flag: Bool) {
    key(name)
    value(flag)
  }

  package mutating func object(_ name: String, _ body: (inout JSONWriter) -> Void) {
    key(name)
    object(body)
  }

  package mutating func decimal(_ name: String, _ micros: Micros?) {
    decimal(name, micros.map { MicrosSum($0) })
  }

  package mutating func decimal(_ name: String, _ micros: MicrosSum?) {
    key(name)
    decimal(micros)
  }

  package mutating func array<Elements: Sequence>(
    _ name: String, _ elements: Elements, _ body: (inout JSONWriter, Elements.Element) -> Void
  ) {
    key(name)
    array(elements, body)
  }

  private mutating func nest(
    _ opening: UInt8, _ closing: UInt8, _ body: (inout JSONWriter) -> Void
  ) {
    separate()
    bytes.append(opening)
    needsComma = false
    body(&self)
    bytes.append(closing)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }
}
