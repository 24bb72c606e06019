import Foundation
import Testing

@testable import ObjectStore

@Suite struct ObjectNotificationTests {
  private static func record(_ event: String, _ object: String) -> String {
    #"{"eventName":"\#(event)","awsRegion":"eu-west-1","s3":{"bucket":{"name":"ads"},"object":{\#(object)}}}"#
  }

  private static func records(_ records: String...) -> String {
    #"{"Records":[\#(records.joined(separator: ","))]}"#
  }

  private static func wrapped(_ text: String) throws -> String {
    let object = ["Type": "Notification", "Message": text]
    return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
  }

  private static let plain = records(
    record("ObjectCreated:Put", #""key":"in/a%2Bb+c.tsv","versionId":"v1","eTag":"e1","size":7"#))
  private static let created = ObjectNotification.objects([
    .init(
      object: ObjectName(bucket: "ads", key: "in/a+b c.tsv", version: "v1"), etag: "e1",
      region: "eu-west-1")
  ])

  @Test func aNotificationIsTheSameHoweverItIsWrapped() throws {
    #expect(try ObjectNotification(Self.plain) == Self.created)
    #expect(try ObjectNotification(Self.wrapped(Self.plain)) == Self.created)
    #expect(try ObjectNotification(Self.wrapped(Self.wrapped(Self.plain))) == Self.created)
  }

  @Test func eventBridgeDoesNotEncodeKeys() throws {
    let event = """
      {"version":"0","source":"aws.s3","detail-type":"Object Created","region":"eu-west-1","detail":{"version":"0",\
      "bucket":{"name":"ads"},"object":{"key":"in/a+b c.tsv","version-id":"v1","etag":"e1"},"reason":"PutObject"}}
      """
    #expect(try ObjectNotification(event) == Self.created)
    #expect(try ObjectNotification(Self.wrapped(event)) == Self.created)
    let deleted = event.replacing("Object Created", with: "Object Deleted")
    #expect(try ObjectNotification(deleted) == .objects([]))
  }

  @Test func onlyCreatedObjectsCount() throws {
    let mixed = Self.records(
      Self.record("ObjectRemoved:Delete", #""key":"gone""#),
      Self.record("s3:ObjectCreated:CompleteMultipartUpload", #""key":"a","versionId":"null""#),
      Self.record("ObjectCreated:Copy", #""key":"b","eTag":"\"e\"""#))
    guard case .objects(let found) = try ObjectNotification(mixed) else {
      Issue.record("no objects")
      return
    }
    #expect(found.map(\.object.key) == ["a", "b"])
    #expect(found.map(\.object.version) == [nil, nil])
    #expect(found.map(\.etag) == [nil, "e"])
  }

  @Test func theTestEventIsKnown() throws {
    let test = #"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"ads","RequestId":"1"}"#
    #expect(try ObjectNotification(test) == .test)
    #expect(try ObjectNotification(Self.wrapped(test)) == .test)
  }

  @Test(arguments: [
    "", "[]", "null", "\"text\"", "{}", #"{"Records":[{}]}"#, #"{"Records":[7]}"#,
    #"{"Records":[{"eventName":"ObjectCreated:Put"}]}"#,
    #"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"ads"},"object":{"key":"%zz"}}}]}"#,
    #"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"a/b"},"object":{"key":"k"}}}]}"#,
    #"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"ads"},"object":{"key":""}}}]}"#,
    #"{"Message":"not JSON"}"#, #"{"source":"aws.ec2","detail":{}}"#,
    #"{"source":"aws.s3","detail-type":"Object Created","detail":{}}"#,
  ])
  func whatIsNoNotificationIsSaidToBeNone(_ text: String) {
    #expect(throws: ObjectNotification.Unreadable.self) { try ObjectNotification(text) }
  }

  @Test func aMessageIsNotUnwrappedForEver() throws {
    var text = Self.plain
    for _ in 0..<10 { text = try Self.wrapped(text) }
    #expect(throws: ObjectNotification.Unreadable.self) { try ObjectNotification(text) }
  }
}
