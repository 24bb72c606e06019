import Testing

@testable import ObjectStore

@Suite struct AddressTests {
  @Test func bucketsOfAWSStandInTheHostAndOthersInThePath() {
    let aws = ObjectStoreAddress(region: "eu-west-1")
    #expect(
      aws.place("ads", "a b/ü", region: "eu-west-1") == (
        "https://ads.s3.eu-west-1.amazonaws.com", "/a%20b/%C3%BC"
      ))
    #expect(
      aws.place("ads.com", "k", region: "eu-west-1") == (
        "https://s3.eu-west-1.amazonaws.com", "/ads.com/k"
      ))
    #expect(
      aws.place("ads", "k", region: "cn-north-1").origin
        == "https://ads.s3.cn-north-1.amazonaws.com.cn")
    let paths = ObjectStoreAddress(region: "eu-west-1", usesPaths: true)
    #expect(paths.place("ads", "k", region: "eu-west-1").path == "/ads/k")
    let minio = ObjectStoreAddress(endpoint: WebAddress("http://minio:9000/base/"), region: "x")
    #expect(minio.place("ads", "../k", region: "x") == ("http://minio:9000", "/base/ads/../k"))
  }

  @Test func queuesAreAskedWhereTheirURLSays() throws {
    let aws = try #require(
      QueueAddress("https://sqs.eu-west-1.amazonaws.com/123456789012/ads.fifo"))
    #expect(aws.origin == "https://sqs.eu-west-1.amazonaws.com")
    #expect(aws.region == "eu-west-1")
    #expect(aws.isFIFO && aws.name == "ads.fifo")
    let old = try #require(QueueAddress("https://us-east-1.queue.amazonaws.com/1/q"))
    #expect(old.region == "us-east-1")
    let local = try #require(QueueAddress("http://127.0.0.1:5000/123456789012/q"))
    #expect(local.region == nil && local.origin == "http://127.0.0.1:5000")
    for text in [
      "", "q", "arn:aws:sqs:eu-west-1:1:q", "https://host", "https://host/", "ftp://h/q",
      "https://u@h/q",
    ] {
      #expect(QueueAddress(text) == nil, "\(text)")
    }
  }

  @Test func prefixesAreNamedAsInAWSTools() throws {
    let prefix = try #require(ObjectPrefix("s3://ads/in/2026 +%"))
    #expect(prefix.bucket == "ads" && prefix.prefix == "in/2026 +%")
    #expect(ObjectPrefix("s3://ads")?.prefix == "")
    for text in ["s3://", "s3:///k", "s3://a b/k", "ads/k"] { #expect(ObjectPrefix(text) == nil) }
  }

  @Test func noKeyForgesALineOfALog() {
    let object = ObjectName(bucket: "ads", key: "a\n2026 error \u{202E}b")
    #expect("\(object)" == "s3://ads/a%0A2026 error %E2%80%AEb")
  }
}
