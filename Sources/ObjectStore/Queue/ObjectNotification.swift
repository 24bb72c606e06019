import Foundation

/// What a message says about objects: a notification of S3's, plain, wrapped by SNS, or from EventBridge.
enum ObjectNotification: Equatable {
  /// An object that was created.
  struct Created: Equatable {
    var object: ObjectName
    var etag: String?
    /// Of the bucket, where it is said.
    var region: String?
  }

  /// Objects that were created; none where the message is of other events.
  case objects([Created])
  /// S3 tries whether it may send.
  case test

  /// A message that is no notification.
  struct Unreadable: Error, CustomStringConvertible {
    let description: String
  }

  /// Wrappings around a notification.
  private static let depth = 4
  /// Objects of one message.
  private static let mostObjects = 1_000

  init(_ text: String) throws(Unreadable) {
    self = try Self.read(text, depth: Self.depth)
  }

  private static func read(_ text: String, depth: Int) throws(Unreadable) -> ObjectNotification {
    guard let json = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    else {
      throw Unreadable(description: "the message is not a JSON object")
    }
    if let records = json["Records"] as? [Any] {
      guard records.count <= mostObjects else {
        throw Unreadable(
          description: "the message names \(records.count) objects, more than \(mostObjects)")
      }
      var objects: [Created] = []
      for record in records {
        if let created = try created(record) { objects.append(created) }
      }
      return .objects(objects)
    }
    if json["Event"] as? String == "s3:TestEvent" { return .test }
    if let source = json["source"] as? String, let detail = json["detail"] as? [String: Any] {
      guard source == "aws.s3" else {
        throw Unreadable(
          description: "the message is an event of \(StoreFault.line(source)), not of aws.s3")
      }
      guard json["detail-type"] as? String == "Object Created" else { return .objects([]) }
      return .objects([try created(detail: detail, region: json["region"] as? String)])
    }
    if let message = json["Message"] as? String {
      guard depth > 0 else { throw Unreadable(description: "the message is wrapped too often") }
      return try read(message, depth: depth - 1)
    }
    throw Unreadable(
      description:
        "the message has neither Records, nor a Message of SNS, nor a detail of EventBridge")
  }

  /// nil for a record of another event.
  private static func created(_ record: Any) throws(Unreadable) -> Created? {
    guard let record = record as? [String: Any], let name = record["eventName"] as? String else {
      throw Unreadable(description: "a record of the message has no eventName")
    }
    // MinIO writes the name as the configuration of a bucket does.
    let event = name.hasPrefix("s3:") ? String(name.dropFirst(3)) : name
    guard event.hasPrefix("ObjectCreated:") else { return nil }
    guard let s3 = record["s3"] as? [String: Any],
      let bucket = (s3["bucket"] as? [String: Any])?["name"] as? String,
      let object = s3["object"] as? [String: Any], let encoded = object["key"] as? String
    else { throw Unreadable(description: "a record of the message names no bucket and key") }
    guard let key = QueryText.decoded(encoded) else {
      throw Unreadable(description: "the key \(StoreFault.line(encoded)) is not URL-encoded UTF-8")
    }
    return try created(
      bucket, key, version: object["versionId"], etag: object["eTag"],
      region: record["awsRegion"] as? String)
  }

  /// EventBridge does not encode keys.
  private static func created(
    detail: [String: Any], region: String?
  ) throws(Unreadable) -> Created {
    guard let bucket = (detail["bucket"] as? [String: Any])?["name"] as? String,
      let object = detail["object"] as? [String: Any], let key = object["key"] as? String
    else { throw Unreadable(description: "the event names no bucket and key") }
    return try created(
      bucket, key, version: object["version-id"], etag: object["etag"], region: region)
  }

  private static func created(
    _ bucket: String, _ key: String, version: Any?, etag: Any?, region: String?
  ) throws(Unreadable) -> Created {
    guard ObjectPrefix("s3://\(bucket)") != nil, !key.isEmpty else {
      throw Unreadable(
        description: "\(StoreFault.line(bucket)) is no name of a bucket, or its key is empty")
    }
    func text(_ value: Any?) -> String? {
      (value as? String).flatMap { $0.isEmpty || $0 == "null" ? nil : $0 }
    }
    return Created(
      object: ObjectName(bucket: bucket, key: key, version: text(version)),
      etag: text(etag).map(ObjectListing.unquoted), region: text(region))
  }
}
