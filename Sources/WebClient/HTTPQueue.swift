import Foundation
import Synchronization

/// Requests of any thread, carried out together on one thread of its own.
package final class HTTPQueue: Sendable {
  private struct State {
    var waiting: [(request: HTTPRequest, answer: PendingHTTPAnswer)] = []
    /// Ends the thread's wait; nil once the thread has ended.
    var wake: (@Sendable () -> Void)?
    var isStopped = false
  }

  /// Milliseconds of a wait that nothing ends.
  private static let turn = 1_000

  private let state = Mutex(State())

  /// - Parameter connections: that are kept open.
  package init(_ limits: HTTPLimits, connections: Int) throws(HTTPFailure) {
    // Made here, so that a libcurl that does not start is the caller's to know.
    let client = UnsafeHandOver(try HTTPClient(limits, connections: connections))
    state.withLock { $0.wake = client.value.waker }
    let thread = Thread { [self] in run(client.value) }
    thread.name = "http"
    thread.start()
  }

  /// The client passes to its thread, and nobody else keeps it.
  private struct UnsafeHandOver: @unchecked Sendable {
    let value: HTTPClient
    init(_ value: HTTPClient) { self.value = value }
  }

  /// Begins a request.
  ///
  /// - Parameter onDone: called on the queue's thread when there is an answer or a failure.
  package func start(
    _ request: HTTPRequest, onDone: @escaping @Sendable () -> Void = {}
  ) -> PendingHTTPAnswer {
    let answer = PendingHTTPAnswer(onDone)
    let isTaken = state.withLock { state in
      guard !state.isStopped else { return false }
      state.waiting.append((request, answer))
      state.wake?()
      return true
    }
    if !isTaken { answer.settle(.failure(Self.stopped)) }
    return answer
  }

  /// Ends the thread. Requests under way fail.
  package func stop() {
    state.withLock { state in
      state.isStopped = true
      state.wake?()
    }
  }

  private static let stopped = HTTPFailure.passing("the request was given up")

  private func run(_ client: HTTPClient) {
    var flying: [Int: PendingHTTPAnswer] = [:]
    var number = 0
    while true {
      let (waiting, isStopped) = state.withLock { state in
        defer { state.waiting.removeAll() }
        if state.isStopped { state.wake = nil }
        return (state.waiting, state.isStopped)
      }
      if isStopped {
        for answer in flying.values + waiting.map(\.answer) {
          answer.settle(.failure(Self.stopped))
        }
        return
      }
      for (request, answer) in waiting {
        number += 1
        do throws(HTTPFailure) {
          try client.start(request, number: number)
          flying[number] = answer
        } catch {
          answer.settle(.failure(error))
        }
      }
      for (number, result) in client.wait(milliseconds: Self.turn) {
        flying.removeValue(forKey: number)?.settle(result)
      }
    }
  }
}

/// The answer to a request that is under way.
package final class PendingHTTPAnswer: Sendable {
  private let result = Mutex<Result<HTTPAnswer, HTTPFailure>?>(nil)
  private let done = DispatchSemaphore(value: 0)
  private let onDone: @Sendable () -> Void

  init(_ onDone: @escaping @Sendable () -> Void) { self.onDone = onDone }

  /// Whether there is an answer or a failure.
  package var isOver: Bool { result.withLock { $0 != nil } }

  /// Waits for the answer.
  package func wait() throws(HTTPFailure) -> HTTPAnswer {
    done.wait()
    done.signal()
    return try result.withLock { $0! }.get()
  }

  func settle(_ result: Result<HTTPAnswer, HTTPFailure>) {
    self.result.withLock { $0 = result }
    done.signal()
    onDone()
  }
}
