/// Which brokers are away, as far as one client knows: from its failed connections, and from the last list of
/// brokers that any of them sent.
///
/// Pure: the caller brings lines, lists and the clock.
struct BrokerConnections {
  /// What keeps answers away.
  enum Trouble: Equatable {
    /// Nobody answers; what the last attempt met with.
    case nobodyAnswers(String)
    /// Nobody has ever answered, and waiting does not help.
    case refused(ConnectionRefusal)
    /// These do not, of so many in all.
    case down([Broker], of: Int)
    /// Every known broker can be reached, by now at least.
    case none
  }

  struct Broker: Equatable, CustomStringConvertible {
    /// nil where only its address is known.
    var id: Int32?
    /// `host:port`
    var address: String

    var description: String {
      id.map { "broker \($0) at \(address)" } ?? "the broker at \(address)"
    }
  }

  private struct Failure {
    var id: Int32?
    var atMilliseconds: Int64
  }

  /// What explains an error now, in milliseconds.
  private static let memory: Int64 = 60_000
  /// A broker that is listed counts as down for so long after its last failed connection: the cluster notices
  /// a dead broker after some seconds.
  private static let listedMemory: Int64 = 12_000
  /// How long a list of brokers is believed.
  private static let answerMemory: Int64 = 2_000

  private var failures: [String: Failure] = [:]
  private var lastFailure: (line: String, atMilliseconds: Int64)?
  /// Why an attempt failed where that does not pass by itself, until somebody answers. The broker that has refused may
  /// merely have closed the next connection.
  private(set) var refusal: ConnectionRefusal?
  /// The brokers of all lists so far.
  private var known: [Int32: String] = [:]
  /// Those of the last list; nil when nobody answered.
  private var listed: Set<Int32>?
  private var askedAtMilliseconds: Int64?

  /// Takes librdkafka's line about a connection that failed:
  /// `[thrd:HOST:PORT/ID]: HOST:PORT/ID: Connect to … failed: …`.
  ///
  /// - Parameter certificateFault: what OpenSSL has found wrong with the broker's certificate.
  mutating func noteFailure(
    _ line: String, certificateFault: Int32? = nil, nowMilliseconds now: Int64
  ) {
    lastFailure = (line, now)
    refusal = ConnectionRefusal(line: line, certificateFault: certificateFault) ?? refusal
    guard let (address, id) = Self.broker(of: line) else { return }
    failures[address] = Failure(id: id ?? failures[address]?.id, atMilliseconds: now)
  }

  /// Takes the brokers that one of them listed; nil when none answered.
  mutating func note(_ answer: [Int32: String]?, nowMilliseconds now: Int64) {
    askedAtMilliseconds = now
    listed = answer.map { Set($0.keys) }
    if answer != nil { refusal = nil }
    for (id, address) in answer ?? [:] { known[id] = address }
  }

  func hasRecentFailure(nowMilliseconds now: Int64) -> Bool {
    lastFailure.map { now - $0.atMilliseconds < Self.memory } ?? false
  }

  func wantsAnswer(nowMilliseconds now: Int64) -> Bool {
    askedAtMilliseconds.map { now - $0 >= Self.answerMemory } ?? true
  }

  func trouble(nowMilliseconds now: Int64) -> Trouble {
    guard let lastFailure else { return .none }
    guard let listed else {
      // A cluster that has answered once, and whose keys are being changed, may answer again.
      if known.isEmpty, let refusal { return .refused(refusal) }
      return .nobodyAnswers(refusal?.message ?? lastFailure.line)
    }
    var down: [Broker] = []
    for (address, failure) in failures {
      let id = known.first { $0.value == address }?.key ?? failure.id
      let isListed = id.map(listed.contains) ?? false
      let memory = isListed ? Self.listedMemory : Self.memory
      if now - failure.atMilliseconds < memory { down.append(Broker(id: id, address: address)) }
    }
    // Who has left the list and was not tried.
    for (id, address) in known where !listed.contains(id) && failures[address] == nil {
      down.append(Broker(id: id, address: address))
    }
    guard !down.isEmpty else { return .none }
    let all = Set(known.values).union(down.map(\.address))
    return .down(
      down.sorted { ($0.id ?? .max, $0.address) < ($1.id ?? .max, $1.address) }, of: all.count)
  }

  /// The address and, unless it was learnt from `bootstrap.servers`, the number in a line's second word.
  static func broker(of line: String) -> (address: String, id: Int32?)? {
    let words = line.split(separator: " ", maxSplits: 2)
    guard words.count > 1, words[1].last == ":" else { return nil }
    var name = words[1].dropLast()
    // `sasl_ssl://host:port/id`
    if let start = name.startBehindScheme { name = name[start...] }
    guard let slash = name.lastIndex(of: "/"), name[..<slash].contains(":") else { return nil }
    return (String(name[..<slash]), Int32(name[name.index(after: slash)...]))
  }
}

extension Substring {
  /// Where the text behind `//` begins.
  fileprivate var startBehindScheme: Index? {
    guard let first = firstIndex(of: "/") else { return nil }
    let second = index(after: first)
    guard second < endIndex, self[second] == "/" else { return nil }
    return index(after: second)
  }
}
