import Attribution
import Codec

/// What a first pass over a file finds: how many records there are, and which can never be used.
public struct FileSurvey: Sendable {
  public struct Fault: Sendable, Equatable {
    public let place: String
    public let reason: String
    public let complaint: String?
  }

  /// How many faults are listed; all are counted.
  static let mostFaults = 1_000

  public private(set) var recordCount = 0
  public private(set) var faultCount = 0
  public private(set) var faults: [Fault] = []

  /// Reads all of a file. Throws `FileError` when it cannot be read to its end.
  ///
  /// - Parameters:
  ///   - now: the timestamp that records will carry.
  ///   - shouldStop: ends the survey, with a `Stop`.
  init(
    _ file: InputFile, _ map: ColumnMap, _ definitions: Definitions, now: Milliseconds,
    shouldStop: () -> Bool
  ) throws {
    let source = try file.open(map)
    var decoder = EventDecoder(kind: file.kind, definitions: definitions)
    var event = Event(kind: file.kind, time: 0, eventID: .empty, userID: .empty)
    while try source.next({ record in
      defer { decoder.recycle() }
      guard let rejection = decoder.decode(record.bytes, recordTimestamp: now, into: &event) else {
        return
      }
      faultCount += 1
      guard faults.count < FileSurvey.mostFaults else { return }
      faults.append(
        Fault(
          place: file.place(record.line), reason: rejection.reason.rawValue,
          complaint: record.complaint))
    }) {
      recordCount += 1
      if recordCount % 4_096 == 0, shouldStop() { throw Stop() }
    }
  }

  /// The survey was not wanted any more.
  struct Stop: Error {}
}
