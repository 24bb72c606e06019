import Testing

@testable import Files
@testable import ObjectStore
@testable import WebClient

@Suite struct XMLElementTests {
  private static func list(_ more: String) -> [UInt8] {
    Array(
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>ads</Name>\(more)
      <Contents><Key>in/a%2Bb+c%26.tsv</Key><ETag>&quot;e1&quot;</ETag><Size>12</Size></Contents>
      <Contents><Key>in/%C3%A4.tsv</Key><Size>0</Size></Contents></ListBucketResult>
      """.utf8)
  }

  @Test func aListIsRead() throws {
    let page = try #require(
      ObjectListing(
        Self.list(
          "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
            + "<NextContinuationToken>t/=</NextContinuationToken>")))
    #expect(page.entries.map(\.key) == ["in/a+b c&.tsv", "in/ä.tsv"])
    #expect(page.entries.map(\.etag) == ["e1", nil])
    #expect(page.entries.map(\.size) == [12, 0])
    #expect(page.next == "t/=")
    let last = try #require(ObjectListing(Self.list("<IsTruncated>false</IsTruncated>")))
    #expect(last.next == nil)
    // A store that has not encoded them says nothing of an encoding.
    #expect(last.entries[0].key == "in/a%2Bb+c%26.tsv")
  }

  @Test func whatIsNoListIsNone() {
    #expect(ObjectListing(Array("<html/>".utf8)) == nil)
    #expect(ObjectListing(Array("<ListBucketResult><Contents>".utf8)) == nil)
    // A page that is cut off would lose the objects behind it.
    #expect(ObjectListing(Self.list("<IsTruncated>true</IsTruncated>")) == nil)
    #expect(ObjectListing([]) == nil)
  }

  @Test func entitiesThatGrowAreRefused() {
    let bomb = """
      <!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>
      """
    #expect(XMLElement(Array(bomb.utf8)) == nil)
    #expect(XMLElement(Array(#"<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>"#.utf8)) == nil)
  }

  private static func answer(_ status: Int, _ code: String, _ message: String = "words")
    -> HTTPAnswer
  {
    let body = "<Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
    return HTTPAnswer(status: status, retryAfter: nil, body: Array(body.utf8))
  }

  @Test(arguments: [
    (404, "NoSuchKey", "gone"), (404, "NoSuchVersion", "gone"), (404, "NoSuchBucket", "gone"),
    (405, "MethodNotAllowed", "gone"), (403, "AccessDenied", "denied"), (403, "", "denied"),
    (403, "InvalidObjectState", "archived"), (412, "PreconditionFailed", "changed"),
    (400, "KMS.DisabledException", "encrypted"), (400, "SomethingNew", "refused"),
  ])
  func refusalsHaveAReason(_ status: Int, _ code: String, _ reason: String) throws {
    let answer = Self.answer(status, code)
    let error = StoreFault.error(answer, StoreFault.refusal(answer), object: "s3://ads/k")
    #expect((error as? StoreRefusal)?.reason == reason)
    #expect("\(error)".hasPrefix("s3://ads/k "))
  }

  @Test func anObjectUnderACustomersKeyIsEncrypted() {
    let answer = Self.answer(
      400, "InvalidRequest",
      "The object was stored using a form of Server Side Encryption. The correct parameters must be provided."
    )
    let error = StoreFault.error(answer, StoreFault.refusal(answer), object: "s3://ads/k")
    #expect((error as? StoreRefusal)?.reason == "encrypted")
  }

  @Test func whatPassesAndWhatConcernsAllObjectsAreNotRefusals() {
    for (status, code) in [
      (503, "SlowDown"), (500, "InternalError"), (429, ""), (400, "RequestTimeout"),
    ] {
      let answer = Self.answer(status, code)
      let error = StoreFault.error(answer, StoreFault.refusal(answer), object: "k")
      #expect(error is StoreOutage, "\(code)")
    }
    for code in [
      "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "RequestTimeTooSkewed",
    ] {
      let answer = Self.answer(403, code)
      let error = StoreFault.error(answer, StoreFault.refusal(answer), object: "k")
      #expect(!(error is StoreRefusal) && !(error is StoreOutage), "\(code)")
    }
  }

  @Test func aStoresWordsStayOnOneLine() {
    let answer = Self.answer(
      403, "Access\nDenied", "two\nlines " + String(repeating: "x", count: 500))
    let words = StoreFault.words(answer, StoreFault.refusal(answer))
    #expect(!words.contains("\n") && words.count < 260)
  }
}
