import Cluster
import Files
import Foundation
import WebClient

/// Where objects are, and how they are taken.
public struct ObjectStoreOptions: Sendable {
  /// URL of a store that is not AWS'; nil for AWS, or what the environment says.
  public var endpoint: String?
  /// nil for what the environment, the profile or the queue says.
  public var region: String?
  /// Has buckets of AWS stand in the path of URLs.
  public var usesPaths = false
  /// Where reports about objects go; nil for none.
  public var reports: ObjectPrefix?
  /// Objects that are looked at at a time.
  public var parallel = 4
  /// Ends when the queue has nothing more to give.
  public var stopsAtEnd = false

  public init() {}

  /// Whether a text is the URL of a store.
  public static func isEndpoint(_ text: String) -> Bool { WebAddress(text) != nil }

  /// Everything that is asked over HTTP.
  ///
  /// - Parameter queue: whose region is the store's where nothing else says one.
  func makeClients(
    _ environment: [String: String], queue: QueueAddress?
  ) throws -> (web: HTTPQueue, signed: SignedClient, objects: ObjectClient, region: String) {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let profile = Profile(environment, readFile: CredentialProvider.text)
    let region =
      region ?? value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") ?? profile.region ?? queue?
      .region
      ?? "us-east-1"
    guard region.wholeMatch(of: /[A-Za-z0-9-]{1,64}/) != nil else {
      throw OperatorError("\(StoreFault.line(region)) is no name of a region")
    }
    let endpoint = try address(
      endpoint ?? value("AWS_ENDPOINT_URL_S3") ?? value("AWS_ENDPOINT_URL"))
    var limits = HTTPLimits()
    limits.authorities = value("AWS_CA_BUNDLE")
    do {
      let web = try HTTPQueue(limits, connections: parallel * 3 + 8)
      let source = try CredentialSource.find(environment, readFile: CredentialProvider.text)
      let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
      let credentials = CredentialProvider(
        source, web,
        tokenService: value("AWS_ENDPOINT_URL_STS") ?? "https://sts.\(region).\(suffix)/")
      let signed = SignedClient(web, credentials)
      let store = ObjectStoreAddress(endpoint: endpoint, region: region, usesPaths: usesPaths)
      return (web, signed, ObjectClient(signed, store), region)
    } catch let error as CredentialError {
      throw OperatorError(error.description)
    } catch let failure as HTTPFailure {
      throw OperatorError("the object store: \(failure)")
    }
  }

  private func address(_ text: String?) throws -> WebAddress? {
    guard let text else { return nil }
    guard let address = WebAddress(text) else {
      throw OperatorError("the endpoint must be http://HOST:PORT or https://HOST:PORT")
    }
    return address
  }
}
