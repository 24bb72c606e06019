// What the relay must know of Kafka's protocol: https://kafka.apache.org/protocol

/// A request whose answer is looked at.
struct KafkaRequest: Sendable {
  enum Kind: Sendable {
    case fetch(FetchRequest)
    case addresses, versions
  }

  let kind: Kind
  let version: Int16

  /// The number that the answer will carry, and the request; nil for one of no interest.
  static func parse(_ frame: [UInt8]) -> (number: Int32, request: KafkaRequest)? {
    var reader = FrameReader(frame[...])
    guard let key = reader.integer(Int16.self), let version = reader.integer(Int16.self),
      let number = reader.integer(Int32.self)
    else { return nil }
    switch key {
    case 1:
      guard let fetch = FetchRequest(&reader, of: frame, version: version) else { return nil }
      return (number, KafkaRequest(kind: .fetch(fetch), version: version))
    case 3, 10: return (number, KafkaRequest(kind: .addresses, version: version))
    case 18: return (number, KafkaRequest(kind: .versions, version: version))
    default: return nil
    }
  }
}

/// Metadata and FindCoordinator: they name the broker's address.
enum AddressAnswer {
  static func mended(_ frame: [UInt8], from port: UInt16, to relay: UInt16) -> [UInt8] {
    var wanted = Array("127.0.0.1".utf8)
    wanted.append(bigEndian: Int32(port))
    var replacement: [UInt8] = []
    replacement.append(bigEndian: Int32(relay))
    var frame = frame
    guard frame.count >= wanted.count else { return frame }
    for start in 0...(frame.count - wanted.count)
    where frame[start] == wanted[0] && frame[start..<(start + wanted.count)].elementsEqual(wanted) {
      let end = start + wanted.count
      frame.replaceSubrange((end - replacement.count)..<end, with: replacement)
    }
    return frame
  }
}

/// ApiVersions: keeps clients at the versions of fetch that `FetchAnswer` reads.
enum VersionsAnswer {
  static func mended(_ frame: [UInt8], version: Int16) -> [UInt8]? {
    var reader = FrameReader(frame[...])
    let isFlexible = version >= 3
    guard reader.skip(4 + 2) else { return nil }
    let count = isFlexible ? reader.unsignedVarint().map { Int($0) - 1 } : reader.count()
    guard let count else { return nil }
    var frame = frame
    for _ in 0..<max(0, count) {
      guard let key = reader.integer(Int16.self), reader.skip(2) else { return nil }
      let place = reader.position
      guard let last = reader.integer(Int16.self) else { return nil }
      if isFlexible { guard reader.skip(1) else { return nil } }
      guard key == 1, last > FetchAnswer.versions.upperBound else { continue }
      frame[place] = 0
      frame[place + 1] = UInt8(FetchAnswer.versions.upperBound)
    }
    return frame
  }
}
