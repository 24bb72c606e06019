/// A page of a list of objects.
struct ObjectListing: Equatable {
  struct Entry: Equatable {
    var key: String
    var etag: String?
    var size: Int64
  }

  var entries: [Entry] = []
  /// What the next page is asked for with; nil for the last one.
  var next: String?

  /// nil for what is no such list.
  init?(_ body: [UInt8]) {
    guard let root = XMLElement(body), root.name == "ListBucketResult" else { return nil }
    let isEncoded = root["EncodingType"] == "url"
    for element in root.all("Contents") {
      guard let text = element["Key"], let key = isEncoded ? QueryText.decoded(text) : text else {
        return nil
      }
      entries.append(
        Entry(
          key: key, etag: element["ETag"].map(ObjectListing.unquoted),
          size: element["Size"].flatMap { Int64($0) } ?? 0))
    }
    if root["IsTruncated"] == "true" {
      guard let token = root["NextContinuationToken"], !token.isEmpty else { return nil }
      next = token
    }
  }

  /// An entity tag without its quotes.
  static func unquoted(_ tag: String) -> String {
    tag.count >= 2 && tag.first == "\"" && tag.last == "\""
      ? String(tag.dropFirst().dropLast()) : tag
  }
}
