import Cluster
import Files
import WebClient

/// What an answer other than the wanted one means.
enum StoreFault {
  /// A refusal's code in S3's XML or SQS's JSON, and its words.
  struct Refusal: Equatable {
    var code: String
    var message: String
  }

  /// Codes that say that nothing will be answered to these credentials, whatever is asked for.
  private static let ofCredentials: Set<String> = [
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidClientTokenId",
    "ExpiredToken",
    "ExpiredTokenException", "TokenRefreshRequired", "RequestTimeTooSkewed", "RequestExpired",
    "AuthorizationHeaderMalformed", "UnrecognizedClientException", "InvalidSecurity",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "AccountProblem",
    "NotSignedUp",
  ]

  /// Whether new credentials may be answered otherwise.
  static func isExpired(_ refusal: Refusal) -> Bool {
    ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"].contains(
      refusal.code)
  }

  /// Whether the same request may be answered otherwise later.
  static func isPassing(_ answer: HTTPAnswer, _ refusal: Refusal) -> Bool {
    answer.status == 429 || answer.status >= 500
      || [
        "RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "RequestThrottled",
        "OverLimit",
      ]
      .contains(refusal.code)
  }

  /// Reads a refusal of S3's. Answers to HEAD and of some stores have no body: then the status is all there is.
  static func refusal(_ answer: HTTPAnswer) -> Refusal {
    let error = answer.body.isEmpty ? nil : XMLElement(answer.body)
    return error.map { refusal($0) } ?? Refusal(code: "", message: "")
  }

  /// Reads an `Error`, or what a service puts around it.
  static func refusal(_ root: XMLElement) -> Refusal {
    var error = root
    while error.name != "Error", let inner = error.children.first(where: { !$0.children.isEmpty }) {
      error = inner
    }
    return Refusal(code: word(error["Code"] ?? ""), message: line(error["Message"] ?? ""))
  }

  /// The error for an object that S3 does not hand out.
  static func error(_ answer: HTTPAnswer, _ refusal: Refusal, object: String) -> any Error {
    let words = words(answer, refusal)
    if isPassing(answer, refusal) { return StoreOutage("\(object): the store answers \(words)") }
    if ofCredentials.contains(refusal.code) {
      return operatorError("the object store", words, refusal)
    }
    let isAboutEncryption =
      refusal.code.hasPrefix("KMS.") || refusal.message.lowercased().contains("encrypt")
    switch (answer.status, refusal.code) {
    case (_, "InvalidObjectState"):
      return StoreRefusal(
        "archived",
        "\(object) is archived (\(words)); restore it, and have its notification sent again")
    case (400...403, _) where isAboutEncryption:
      return StoreRefusal(
        "encrypted",
        "\(object) is encrypted with a key that is not ours to use (\(words)); allow its key, or store it without a "
          + "customer's key")
    case (404, _), (405, _):
      return StoreRefusal("gone", "\(object) is gone (\(words))")
    case (401, _), (403, _):
      return StoreRefusal(
        "denied",
        "\(object) may not be read (\(words)); allow s3:GetObject, and s3:GetObjectVersion where the bucket has versions"
      )
    case (412, _):
      return StoreRefusal("changed", "\(object) has changed while it was read (\(words))")
    default:
      return StoreRefusal("refused", "\(object) is not handed out (\(words))")
    }
  }

  /// The error for what nobody but an operator can mend.
  static func operatorError(_ who: String, _ words: String, _ refusal: Refusal) -> OperatorError {
    let advice =
      refusal.code.hasPrefix("RequestTimeTooSkewed") || refusal.code == "RequestExpired"
      ? "set this machine's clock" : "see to the credentials, their region and what they allow"
    return OperatorError("\(who) answers \(words); \(advice)")
  }

  static func isOfCredentials(_ refusal: Refusal) -> Bool { ofCredentials.contains(refusal.code) }

  /// Status, code and words of an answer.
  static func words(_ answer: HTTPAnswer, _ refusal: Refusal) -> String {
    let code = refusal.code.isEmpty ? "" : " \(refusal.code)"
    return "\(answer.status)\(code)" + (refusal.message.isEmpty ? "" : ": \(refusal.message)")
  }

  /// A code as it may stand in a log: a word.
  static func word(_ text: String) -> String {
    String(
      text.prefix(64).filter { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) })
  }

  /// Words as they may stand in a log: one line of bounded length.
  static func line(_ text: String) -> String {
    let text = ShownText.short(text, most: 160)
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
