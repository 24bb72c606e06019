import Attribution
import Cluster
import Kafka

extension FileIngest {
  /// Brings all of a file's records that the ledger does not have yet into their topics.
  func send(_ surveyed: SurveyedFile, _ store: any FileStore) throws -> FileOutcome {
    let file = surveyed.file
    let surveys = surveyed.report.surveys
    for warning in Set(surveys.compactMap(\.warning)).sorted() { logger.warning("\(warning)") }
    var isNew = false
    do {
      let identity = try file.content.identity()
      for (part, survey) in zip(surveyed.parts, surveys) {
        let key = FileLedger.key(part, identity)
        switch try send(part, key, survey.recordCount, surveyed.stamp) {
        case .nothingToDo: break
        case .done: isNew = true
        case .stopped: return .postponed
        }
      }
    } catch let error as FileError {
      close()
      return try pass(surveyed, StoreRefusal("changed", "\(error)"), store)
    } catch let refusal as StoreRefusal {
      close()
      return try pass(surveyed, refusal, store)
    }
    return try finish(surveyed, isNew, store)
  }

  /// All of the file is in the topics.
  private func finish(
    _ surveyed: SurveyedFile, _ isNew: Bool, _ store: any FileStore
  ) throws -> FileOutcome {
    let file = surveyed.file
    let report = surveyed.report
    let outcome = isNew ? FileOutcome.taken : .known
    if isNew { summary.taken += 1 } else { summary.known += 1 }
    monitor.note(outcome)
    if isNew { monitor.change { $0.bytes += file.content.size } }
    let records = report.surveys.reduce(0) { $0 + $1.recordCount - $1.filteredCount }
    let filtered = report.surveys.reduce(0) { $0 + $1.filteredCount }
    let what =
      isNew
      ? "taken: \(file.path), \(records) records" + (filtered > 0 ? ", \(filtered) filtered" : "")
      : "\(file.path) was taken before (--again takes it once more)"
    let place = try store.setAside(file, report, as: outcome)
    if place.moved == nil { passed[file.path] = surveyed.stamp }
    logger.info("\(what)\(place.moved.map { "; now \($0)" } ?? "")")
    guard report.faultCount > 0 else { return outcome }
    let also = place.report.map { ", and in \($0)" } ?? ""
    logger.warning("\(report.summary); they are dead letters\(also)")
    return outcome
  }

  private enum Outcome { case nothingToDo, done, stopped }

  /// Sends one part, with as many producers as it takes.
  private func send(
    _ part: InputFile, _ key: String, _ recordCount: Int, _ stamp: String
  ) throws -> Outcome {
    let sender = FileSender(
      file: part, key: key, topic: topics[part.kind]!, timestamps: options.timestamps,
      definitions: configuration.definitions, rate: options.rate,
      transactionSize: options.transactionSize, now: now)
    var outage = Outage(
      timeout: FileIngest.outageTimeout, firstPause: options.firstPause, logger)
    var reached: Int?
    func note(_ sent: Int) {
      let more = sent - (reached ?? sent)
      summary.records[part.kind, default: 0] += more
      monitor.change { $0.records[part.kind, default: 0] += more }
      reached = sent
    }
    /// How often the file is to be taken once more in all; nil before it is known.
    var wantedAgain: Int?
    while !shouldStop() {
      do {
        var session = try openSession()
        let before = session.ledger[key]
        var start =
          before ?? FileLedger.Entry(file: part.name, done: 0, records: recordCount)
        let isKnown = before?.isComplete ?? false
        let times = before?.again ?? 0
        let wanted =
          wantedAgain ?? (isKnown && options.takesAgain && recordCount > 0 ? times + 1 : times)
        wantedAgain = wanted
        if isKnown {
          guard times < wanted else { return outage.hasOccurred ? .done : .nothingToDo }
          start = FileLedger.Entry(file: part.name, done: 0, records: recordCount, again: wanted)
        }
        guard start.records == recordCount else {
          throw FileError(
            "\(part.name): \(start.done) of \(start.records) records are in the topic, but as inputs "
              + "describes it now it has \(recordCount); describe it as before until all are there")
        }
        note(start.sent)
        defer { self.session?.ledger = session.ledger }
        let isDone = try sender.send(
          from: start, &session.ledger, session.producer,
          isUnchanged: { part.content.stamp == stamp }, shouldStop: shouldStop,
          onCommit: { entry in
            note(entry.sent)
            outage.end()
            onProgress(entry.done, recordCount)
          })
        return isDone ? .done : .stopped
      } catch let error as FileError {
        throw error
      } catch let refusal as StoreRefusal {
        throw refusal
      } catch {
        close()
        try outage.waitOrThrow(error, shouldStop)
      }
    }
    return .stopped
  }
}
