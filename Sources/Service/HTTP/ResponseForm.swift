import HTTPTypes

/// What all answers have in common: headers for safety, tags, compression.
enum ResponseForm {
  /// Bodies below this are sent as they are: a packet holds them anyway.
  private static let compressionThreshold = 1_400

  /// - Parameter request: nil where it was refused.
  static func complete(_ response: HTTPResponse, to request: HTTPRequest?) -> HTTPResponse {
    var response = response
    response.headers.append(contentsOf: Admission.safetyHeaders)
    response.headers[.contentType] = response.contentType
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    guard let request, response.status == .ok, case .bytes(let bytes) = response.body else {
      return response
    }
    if let tag = response.headers[.eTag].map(EntityTag.init(text:)), request.has(tag) {
      response.status = .notModified
      response.body = .bytes([])
      response.headers[.contentType] = nil
      return response
    }
    guard bytes.count >= compressionThreshold else { return response }
    response.headers[.vary] = "Accept-Encoding"
    if Gzip.isAccepted(request.headers[.acceptEncoding]),
      let compressed = response.compressed ?? Gzip.compress(bytes)
    {
      response.headers[.contentEncoding] = "gzip"
      response.body = .bytes(compressed)
    }
    return response
  }
}
