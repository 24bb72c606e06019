import Foundation
import Synchronization

/// Work on a thread of its own, to be waited for.
final class BackgroundTask<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let done = DispatchSemaphore(value: 0)

  init(_ name: String, _ body: @escaping @Sendable () throws -> Value) {
    let thread = Thread { [self] in
      let outcome = Result { try body() }
      result.withLock { $0 = outcome }
      done.signal()
    }
    thread.name = name
    thread.start()
  }

  /// Whether it has returned or failed.
  var isOver: Bool { result.withLock { $0 != nil } }

  /// Waits for it, and gives what it returned or throws what it failed with.
  func join() throws -> Value {
    done.wait()
    done.signal()
    return try result.withLock { $0! }.get()
  }
}
