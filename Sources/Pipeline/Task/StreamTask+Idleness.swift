import Attribution

/// Which inputs are idle, and how far the sources of re-keyed ones are.
extension StreamTask {
  /// Has the watermark follow the sources of a re-keyed input.
  func noteSources(of input: InputPartition) {
    guard let marks = input.sources?.marks else { return }
    task.setSources(marks, input.number)
  }

  /// Nothing is read for now: what waits in the inputs is not known, so none is idle.
  func stopReading() {
    for input in inputs where input.isMarkedIdle {
      input.isMarkedIdle = false
      task.markIdle(input.number, false)
    }
    for input in inputs where input.sources != nil {
      input.forgetSources()
      noteSources(of: input)
    }
  }

  /// Tells the task whether an input is idle; one with rows to take is not.
  func markIdle(_ input: InputPartition, _ now: Milliseconds) {
    // How a re-keyed one stands its sources say, until it has been read to its stop.
    if input.sources != nil {
      if input.isFinished && !input.isMarkedIdle {
        input.isMarkedIdle = true
        task.markIdle(input.number, true)
      }
      return
    }
    let isIdle =
      !input.hasRow
      && input.isIdle(now: now, timeout: configuration.definitions.idleTimeout, ends)
    guard isIdle != input.isMarkedIdle else { return }
    input.isMarkedIdle = isIdle
    task.markIdle(input.number, isIdle)
  }
}
