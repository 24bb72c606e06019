import Attribution
import TestKit
import Traffic

/// Records of clicks that are hard to read rightly.
enum HostileJSON {
  static var records: [[UInt8]] {
    HostileRecords.all.filter { $0.kind == .click }.compactMap(\.value)
  }
}
