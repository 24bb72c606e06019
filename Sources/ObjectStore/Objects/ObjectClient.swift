import Cluster
import Files
import Foundation
import Synchronization
import WebClient

/// Reads, lists and writes objects, for any thread.
final class ObjectClient: Sendable {
  /// Attempts at one request, and the pause before the second in seconds.
  private static let attempts = 5
  private static let pause = 0.2

  /// Headers of an answer that say what it is of.
  private static let wantedHeaders = [
    "etag", "x-amz-version-id", "content-range", "x-amz-bucket-region", "x-amz-meta-x-amz-key",
    "x-amz-meta-x-amz-key-v2", "x-amz-meta-x-amz-iv",
  ]

  private let client: SignedClient
  private let address: ObjectStoreAddress
  /// Regions of buckets that are elsewhere, as the store said.
  private let regions = Mutex<[String: String]>([:])

  init(_ client: SignedClient, _ address: ObjectStoreAddress) {
    self.client = client
    self.address = address
  }

  /// Takes note of the region that somebody says a bucket is in. The store's own word counts more.
  func suppose(_ bucket: String, isIn region: String) {
    guard address.endpoint == nil, region.wholeMatch(of: /[a-z0-9-]{2,32}/) != nil else { return }
    regions.withLock { if $0[bucket] == nil { $0[bucket] = region } }
  }

  /// Which bytes of which object.
  struct Part: Sendable {
    var object: ObjectName
    /// nil for all.
    var range: Range<Int64>?
    /// The content that is wanted, and no other.
    var etag: String?
  }

  /// Begins to read a part. Throws what `SignedClient/start(_:onDone:)` throws.
  func start(_ part: Part) throws -> PendingHTTPAnswer {
    var call = call(part.object.bucket, part.object.key)
    if let version = part.object.version { call.query = [("versionId", version)] }
    if let range = part.range {
      call.headers.append(("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
    }
    if let etag = part.etag { call.headers.append(("If-Match", "\"\(etag)\"")) }
    return try client.start(call)
  }

  /// The answer to a part that was begun, with as many requests as it takes.
  func answer(_ part: Part, _ pending: PendingHTTPAnswer) throws -> HTTPAnswer {
    try answer(part.object.bucket, "\(part.object)", pending, accepted: [200, 206, 416]) {
      try start(part)
    }
  }

  /// Lists the keys that begin with a prefix, a page at a time; the page holds the token of the next one.
  func list(_ prefix: ObjectPrefix, token: String?) throws -> ObjectListing {
    func start() throws -> PendingHTTPAnswer {
      var call = call(prefix.bucket, "")
      call.query = [("list-type", "2"), ("encoding-type", "url"), ("max-keys", "1000")]
      if !prefix.prefix.isEmpty { call.query.append(("prefix", prefix.prefix)) }
      if let token { call.query.append(("continuation-token", token)) }
      return try client.start(call)
    }
    let answer = try answer(
      prefix.bucket, "\(prefix)", start(), accepted: [200], again: start
    ) { answer, refusal in
      let error = StoreFault.error(answer, refusal, object: "\(prefix)")
      guard error is StoreRefusal else { return error }
      return OperatorError(
        "\(prefix) cannot be listed (\(StoreFault.words(answer, refusal))); the bucket must be there, and "
          + "s3:ListBucket be allowed")
    }
    guard let listing = ObjectListing(answer.body) else {
      throw OperatorError("\(prefix): the store's answer is no list of objects")
    }
    return listing
  }

  /// Writes an object.
  func put(_ object: ObjectName, _ body: [UInt8]) throws {
    func start() throws -> PendingHTTPAnswer {
      var call = call(object.bucket, object.key)
      call.method = "PUT"
      call.body = body
      call.headers = [("Content-Type", "text/plain; charset=utf-8")]
      return try client.start(call)
    }
    _ = try answer(object.bucket, "\(object)", start(), accepted: [200], again: start)
  }

  private func call(_ bucket: String, _ key: String) -> SignedCall {
    let region = regions.withLock { $0[bucket] } ?? address.region
    let place = address.place(bucket, key, region: region)
    var call = SignedCall(service: "s3", region: region, origin: place.origin, path: place.path)
    call.wantedHeaders = Self.wantedHeaders
    return call
  }

  private func answer(
    _ bucket: String, _ object: String, _ first: PendingHTTPAnswer, accepted: Set<Int>,
    again: () throws -> PendingHTTPAnswer,
    failure: ((HTTPAnswer, StoreFault.Refusal) -> any Error)? = nil
  ) throws -> HTTPAnswer {
    var pending = first
    var pause = Self.pause
    var hasMoved = false
    var hasRenewed = false
    for attempt in 1... {
      let isLast = attempt == Self.attempts
      do {
        let answer = try pending.wait()
        if accepted.contains(answer.status) { return answer }
        let refusal = StoreFault.refusal(answer)
        if !hasMoved, isElsewhere(bucket, answer) {
          hasMoved = true
        } else if !hasRenewed, StoreFault.isExpired(refusal), client.credentials.renew() {
          hasRenewed = true
        } else if isLast || !StoreFault.isPassing(answer, refusal) {
          throw failure?(answer, refusal)
            ?? StoreFault.error(answer, refusal, object: object)
        } else {
          Thread.sleep(forTimeInterval: pause)
          pause *= 2
        }
      } catch let failure as HTTPFailure {
        switch failure {
        case .lasting: throw OperatorError("the object store: \(failure)")
        case .tooLarge:
          throw StoreRefusal("refused", "\(object): the store does not answer ranges of bytes")
        case .passing where isLast: throw StoreOutage("\(object): \(failure)")
        case .passing:
          Thread.sleep(forTimeInterval: pause)
          pause *= 2
        }
      }
      pending = try again()
    }
    fatalError("unreachable: every attempt returns, throws or goes on")
  }

  /// Whether the store says that the bucket is in another region than it was asked for in; takes note of it.
  private func isElsewhere(_ bucket: String, _ answer: HTTPAnswer) -> Bool {
    guard [301, 307, 400, 403].contains(answer.status), address.endpoint == nil else {
      return false
    }
    guard let region = answer.headers["x-amz-bucket-region"],
      region.wholeMatch(of: /[a-z0-9-]{2,32}/) != nil
    else { return false }
    return regions.withLock { regions in
      defer { regions[bucket] = region }
      return (regions[bucket] ?? address.region) != region
    }
  }
}
