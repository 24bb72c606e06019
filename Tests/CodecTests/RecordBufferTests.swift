// Safety: what is written into reserved room stays within it; what a buffer lends is copied before the
// next change.

import Testing

@testable import Codec

@Suite("Record buffers")
struct RecordBufferTests {
  @Test("What is appended beyond the first memory is all there")
  func growth() {
    var buffer = RecordBuffer(capacity: 1)
    var expected: [UInt8] = []
    for number in UInt64(0)..<1_000 {
      buffer.put(decimal: number)
      buffer.put(json: "a\n\"\(number)\" größe")
      expected.appendDecimal(number)
      expected.appendJSONString("a\n\"\(number)\" größe")
    }
    #expect(Array(buffer.bytes) == expected)
  }

  @Test("An emptied buffer holds what is written next and nothing else")
  func reuse() {
    var buffer = RecordBuffer()
    buffer.put("former")
    buffer.removeAll()
    #expect(buffer.bytes.isEmpty)
    let room = buffer.reserve(2)
    room[0] = ASCII.comma
    buffer.append(through: room + 1)
    #expect(Array(buffer.bytes) == [ASCII.comma])
  }

  @Test("Text is escaped wherever in it the byte stands", arguments: 0..<20)
  func escaping(position: Int) {
    for (byte, escaped) in [(ASCII.quote, "\\\""), (0x1F, "\\u001F"), (ASCII.backslash, "\\\\")] {
      var text = [UInt8](repeating: UInt8(ascii: "e"), count: 20)
      text[position] = byte
      var output: [UInt8] = []
      output.appendJSONString(String(decoding: text, as: UTF8.self))
      let plain = String(repeating: "e", count: 20)
      let expected = "\"\(plain.prefix(position))\(escaped)\(plain.dropFirst(position + 1))\""
      #expect(String(decoding: output, as: UTF8.self) == expected)
    }
  }
}
