import Attribution
import Codec

/// What a first pass over a file finds: how many records there are, and which can never be used.
public struct FileSurvey: Sendable {
  /// How many faults are listed; all are counted.
  static let mostFaults = 1_000

  let kind: EventKind
  /// All records that the file has, those for no entry of `inputs` included.
  public private(set) var recordCount = 0
  /// Records that are for no entry of `inputs`.
  public private(set) var filteredCount = 0
  public private(set) var counts = FaultCounts()
  public private(set) var faults: [RecordFault] = []
  /// What the file's owner should know about it.
  public private(set) var warning: String?

  public var faultCount: Int { counts.total }

  /// Reads all of a file. Throws `FileError` when it cannot be read to its end.
  ///
  /// - Parameters:
  ///   - now: the timestamp that records will carry.
  ///   - shouldStop: ends the survey, with a `Stop`.
  init(
    _ file: InputFile, _ definitions: Definitions, now: Milliseconds, shouldStop: () -> Bool
  ) throws {
    kind = file.kind
    let source = try file.open(currency: definitions.currency)
    let finder = FaultFinder(file.kind, fields: file.shape.fields, definitions)
    var decoder = EventDecoder(kind: file.kind, definitions: definitions.withoutPseudonyms)
    var event = Event(kind: file.kind, time: 0, eventID: .empty, userID: .empty)
    while try source.next({ record in
      if record.isFiltered {
        filteredCount += 1
        return
      }
      defer { decoder.recycle() }
      guard let rejection = decoder.decode(record.bytes, recordTimestamp: now, into: &event) else {
        return
      }
      let reason = rejection.reason.rawValue
      let complaint = finder.fault(
        record.bytes, reason: reason, field: rejection.fieldName(definitions),
        detail: "\(rejection.detail)", record.complaint)
      let fault = counts.add(complaint, reason, at: file.place(record.line))
      if faults.count < FileSurvey.mostFaults { faults.append(fault) }
    }) {
      recordCount += 1
      if recordCount % 4_096 == 0, shouldStop() { throw Stop() }
    }
    warning = source.warning
  }

  /// The survey was not wanted any more.
  struct Stop: Error {}
}
