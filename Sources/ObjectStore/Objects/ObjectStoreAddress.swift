/// Where buckets are, and how their URLs are made.
struct ObjectStoreAddress: Sendable {
  /// Of a store that is not AWS'; its buckets stand in the path.
  var endpoint: WebAddress?
  var region: String
  /// Has buckets of AWS stand in the path as well.
  var usesPaths = false

  /// Origin and path of a bucket, or of an object in it.
  func place(_ bucket: String, _ key: String, region: String) -> (origin: String, path: String) {
    let key = QueryText.encoded(key, keepsSlashes: true)
    if let endpoint {
      let path = endpoint.path.hasSuffix("/") ? String(endpoint.path.dropLast()) : endpoint.path
      return (endpoint.origin, "\(path)/\(bucket)/\(key)")
    }
    let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    // No certificate is for a bucket with dots in its name.
    if usesPaths || bucket.contains(".") {
      return ("https://s3.\(region).\(suffix)", "/\(bucket)/\(key)")
    }
    return ("https://\(bucket).s3.\(region).\(suffix)", "/\(key)")
  }
}
