import Files
import Foundation
import Synchronization

/// Looks at several files at a time, each on a thread.
final class SurveyPool: Sendable {
  private struct State {
    var waiting: [PendingSurvey] = []
    var isStopped = false
  }

  private let surveyor: Surveyor
  private let shouldStop: @Sendable () -> Bool
  private let onDone: @Sendable () -> Void
  private let state = Mutex(State())
  private let work = DispatchSemaphore(value: 0)
  private let threads: Int

  /// - Parameter onDone: called after each file, on the thread that looked at it.
  init(
    _ surveyor: Surveyor, threads: Int, shouldStop: @escaping @Sendable () -> Bool,
    onDone: @escaping @Sendable () -> Void
  ) {
    self.surveyor = surveyor
    self.shouldStop = shouldStop
    self.onDone = onDone
    self.threads = threads
    for number in 0..<threads {
      let thread = Thread { [self] in run() }
      thread.name = "survey-\(number)"
      thread.start()
    }
  }

  /// Has a file looked at, after those before it.
  func submit(_ file: IncomingFile) -> PendingSurvey {
    let survey = PendingSurvey(file)
    state.withLock { $0.waiting.append(survey) }
    work.signal()
    return survey
  }

  /// Ends the threads, each after its file.
  func stop() {
    state.withLock { $0.isStopped = true }
    for _ in 0..<threads { work.signal() }
  }

  private var isStopped: Bool { state.withLock { $0.isStopped } }

  private func run() {
    while true {
      work.wait()
      let (next, isStopped) = state.withLock { state in
        (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isStopped)
      }
      guard !isStopped else { return }
      guard let next else { continue }
      next.settle(
        Result {
          try surveyor.survey(next.file) { shouldStop() || self.isStopped || next.isGivenUp }
        })
      onDone()
    }
  }
}

/// A file that is looked at, or will be.
final class PendingSurvey: Sendable {
  let file: IncomingFile
  private let result = Mutex<Result<SurveyedFile?, any Error>?>(nil)
  private let givenUp = Atomic(false)

  init(_ file: IncomingFile) { self.file = file }

  var isOver: Bool { result.withLock { $0 != nil } }

  /// Whether nobody wants to know any more.
  var isGivenUp: Bool { givenUp.load(ordering: .relaxed) }

  func giveUp() { givenUp.store(true, ordering: .relaxed) }

  func settle(_ result: Result<SurveyedFile?, any Error>) {
    self.result.withLock { $0 = result }
  }

  /// What was found, once it is over; nil when the file was not looked at to its end.
  func get() throws -> SurveyedFile? { try result.withLock { try $0?.get() } }
}
