import Testing

@testable import ObjectStore

@Suite struct QueryTextTests {
  @Test func keysOfNotificationsAreDecoded() {
    #expect(QueryText.decoded("a%2Bb+c%25.tsv") == "a+b c%.tsv")
    #expect(QueryText.decoded("caf%C3%A9/%E2%82%AC.gz") == "café/€.gz")
    #expect(QueryText.decoded("plain/name-1_2.~") == "plain/name-1_2.~")
    #expect(QueryText.decoded("a%2fb") == "a/b")
    for broken in ["a%", "a%2", "a%zz", "%FF", "%C3"] {
      #expect(QueryText.decoded(broken) == nil, "\(broken)")
    }
  }

  @Test func whatIsEncodedIsDecodedAsItWas() {
    for text in ["", "a b+c%", "日本/ä&=?#", "\u{1}\n", "!*'()"] {
      #expect(QueryText.decoded(QueryText.encoded(text)) == text)
    }
    #expect(QueryText.encoded("a/b c", keepsSlashes: true) == "a/b%20c")
    #expect(QueryText.encoded("a/b") == "a%2Fb")
  }

  @Test func queriesAreSortedAndEncodedAsSignaturesWantIt() {
    let query = QueryText.canonical([
      ("prefix", "a b/é"), ("list-type", "2"), ("continuation-token", "1+/="), ("max-keys", ""),
    ])
    #expect(
      query == "continuation-token=1%2B%2F%3D&list-type=2&max-keys=&prefix=a%20b%2F%C3%A9")
  }
}
