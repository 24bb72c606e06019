import Attribution

/// Where one worker counts: plain variables of its thread, shown to others once per commit.
///
/// One worker has one meter. Without a reader (in simulations) nothing is put together.
package final class Meter {
  var counters = WorkerCounters()
  /// What counts once the open transaction is committed.
  var uncommitted = WorkerCounters()

  private let show: ((WorkerReport) -> Void)?

  /// - Parameter show: takes each report; nil where nobody reads them.
  package init(show: ((WorkerReport) -> Void)? = nil) { self.show = show }

  /// Shows how the worker stands. Once per commit and change of phase, not per event.
  func publish(_ phase: WorkerReport.Phase, _ describe: (inout WorkerReport) -> Void) {
    guard let show else { return }
    var report = WorkerReport(phase)
    describe(&report)
    report.counters.add(counters)
    show(report)
  }

  func count(_ result: WorkerCounters.TransactionResult) {
    counters.transactions[result, default: 0] += 1
  }

  /// Tasks have their state back.
  func count(restored: Int, fromCopies: Int) {
    counters.entriesFromTopic += restored
    counters.entriesFromCopies += fromCopies
  }

  /// - Parameter conversion: as it is published.
  func count(_ conversion: CreditedConversion) {
    if conversion.revision > 1 {
      uncommitted.correctedConversions += 1
    } else if conversion.isDeleted {
      // It never was one.
    } else if conversion.touches.isEmpty {
      uncommitted.unattributedConversions += 1
    } else {
      uncommitted.attributedConversions += 1
    }
  }

  /// The open transaction is committed.
  func didCommit(in duration: Duration) {
    count(.committed)
    counters.transactionTime.observe(duration / .seconds(1))
    counters.add(uncommitted)
    uncommitted = WorkerCounters()
  }

  /// The open transaction is not going to be committed.
  func discard() { uncommitted = WorkerCounters() }
}
