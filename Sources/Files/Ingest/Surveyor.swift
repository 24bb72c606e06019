import Attribution
import Codec
import Configuration
import Logging

/// What a first pass over a file found, and the file.
package struct SurveyedFile: Sendable {
  package let file: IncomingFile
  /// The content's when the pass began.
  let stamp: String
  var parts: [InputFile] = []
  var report: RejectionReport
  /// Why it is left where it is.
  package var refusal: StoreRefusal?
}

/// Makes the first pass over files, on any thread.
package struct Surveyor: Sendable {
  let kind: EventKind?
  let rules: FileRules
  let definitions: Definitions
  /// The kinds that have a topic.
  let kinds: Set<EventKind>
  let logger: Logger
  let firstPause: Double
  let now: @Sendable () -> Milliseconds

  private var finder: FileFinder { FileFinder(kind: kind, rules: rules) }

  /// Looks at all of a file. nil if it is gone, or `shouldStop` came between.
  ///
  /// A store that does not answer is waited for; throws when that has taken too long, and what keeps all files from
  /// being read.
  package func survey(
    _ file: IncomingFile, shouldStop: () -> Bool
  ) throws -> SurveyedFile? {
    var outage = Outage(timeout: FileIngest.outageTimeout, firstPause: firstPause, logger)
    while !shouldStop() {
      do {
        let surveyed = try surveyOnce(file, shouldStop)
        outage.end()
        return surveyed
      } catch is FileSurvey.Stop {
        return nil
      } catch let error as StoreOutage {
        try outage.waitOrThrow(error, shouldStop)
      }
    }
    return nil
  }

  private func surveyOnce(
    _ file: IncomingFile, _ shouldStop: () -> Bool
  ) throws -> SurveyedFile? {
    guard let stamp = file.content.stamp else { return nil }
    let report = RejectionReport(path: file.path)
    var surveyed = SurveyedFile(file: file, stamp: stamp, report: report)
    if let complaint = finder.complaint(aboutNameOf: file.path, below: file.folder) {
      surveyed.refusal = StoreRefusal("name", "\(complaint)")
    } else if let complaint = file.content.complaint {
      surveyed.refusal = StoreRefusal("unreadable", "\(complaint)")
    }
    if surveyed.refusal != nil { return surveyed }
    do {
      surveyed.parts = try finder.parts(of: file.path, below: file.folder, file.content)
      for part in surveyed.parts {
        guard kinds.contains(part.kind) else {
          surveyed.refusal = withoutTopic(part)
          return surveyed
        }
        surveyed.report.surveys.append(
          try FileSurvey(part, definitions, now: now(), shouldStop: shouldStop))
      }
    } catch let error as FileError {
      surveyed.report.error = error
    } catch let refusal as StoreRefusal {
      surveyed.refusal = refusal
    }
    return surveyed
  }

  private func withoutTopic(_ part: InputFile) -> StoreRefusal {
    StoreRefusal(
      "no_topic",
      "\(part.name) holds \(part.kind.inputName), but the configuration has no topic for them in our own "
        + "form: topics.\(part.kind.inputName) is null, or inputs maps it")
  }

  /// What the ledger would call the parts of a file, if that can be told without reading it.
  func likelyKeys(_ file: IncomingFile) -> [String]? {
    guard let identity = file.content.likelyIdentity, finder.isToldByName(file.path),
      let parts = try? finder.parts(of: file.path, below: file.folder, file.content)
    else { return nil }
    return parts.map { FileLedger.key($0, identity) }
  }
}
