import Configuration
import Glibc
import Synchronization

/// A place in a commit at which the process kills itself, to prove that nothing is lost there.
///
/// Named by the environment variable ``variable`` as `<stage>.<step>`, or `<stage>.<step>:<pass>` to
/// die when the step is reached for the `pass`-th time. For tests; not a configuration key.
public final class Failpoint: Sendable {
  public static let variable = "TRIBUTARY_TEST_FAILPOINT"

  public enum Stage: String, Sendable, CaseIterable { case attribution, rollups }

  /// The steps of a commit, in the order in which a worker takes them.
  public enum Step: String, Sendable, CaseIterable {
    case beforeBegin = "before-begin"
    case afterBegin = "after-begin"
    /// An output: a delta, an attribution, a rollup, or a record set aside.
    case beforeProduce = "before-produce"
    case afterProduce = "after-produce"
    /// What a restart takes back: a record of the state topic, or the rollups' progress record.
    case beforeChangelog = "before-changelog"
    case afterChangelog = "after-changelog"
    case beforeSendOffsets = "before-send-offsets"
    case afterSendOffsets = "after-send-offsets"
    case beforeCommit = "before-commit"
    /// The broker has said that the transaction is committed; the worker does not know yet.
    case afterCommit = "after-commit"
    /// The worker knows, and has not gone on reading.
    case beforePoll = "before-poll"
  }

  /// Every name there is.
  public static var names: [String] {
    Stage.allCases.flatMap { stage in Step.allCases.map { "\(stage.rawValue).\($0.rawValue)" } }
  }

  let stage: Stage
  private let step: Step
  private let pass: Int
  private let passes = Atomic(0)

  /// The failpoint that the environment names; nil when it names none.
  public static func named(
    in environment: [String: String]
  ) throws(ConfigurationError) -> Failpoint? {
    guard let text = environment[variable], !text.isEmpty else { return nil }
    return try Failpoint(text)
  }

  init(_ text: String) throws(ConfigurationError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard name.count == 2, let stage = Stage(rawValue: name[0]), let step = Step(rawValue: name[1])
    else {
      throw ConfigurationError(
        source: Failpoint.variable, problem: "there is no failpoint \"\(parts[0])\"",
        advice: "there are \(Failpoint.names.joined(separator: ", "))")
    }
    guard let pass = parts.count == 2 ? Int(parts[1]) : 1, pass >= 1 else {
      throw ConfigurationError(
        source: Failpoint.variable, problem: "\"\(parts[1])\" is not a number of passes",
        advice: "write \(parts[0]):3 to die at the third")
    }
    self.stage = stage
    self.step = step
    self.pass = pass
  }

  /// Kills the process if this is the place and the time.
  func reach(_ step: Step) {
    guard step == self.step, passes.add(1, ordering: .relaxed).newValue == pass else { return }
    // Lets the client's own threads send what is queued: dying before anything has left is easy.
    usleep(50_000)
    kill(getpid(), SIGKILL)
  }
}
