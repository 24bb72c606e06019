import Testing

@testable import Files

/// A file may be one array of objects in place of a line for each.
@Suite struct JSONArrayTests {
  private func read(
    _ text: String, size: Int = 1 << 16
  ) throws -> [(text: String, line: Int, complaint: Complaint?)] {
    try records(JSONRecords(Pieces(Array(text.utf8), size: size), name: "t.json"))
  }

  @Test(arguments: [1, 2, 5, 1 << 16]) func elementsAreRecords(_ size: Int) throws {
    let text = """

       [ {"a": "],}\\"[{", "b": [1, {"c": 2}]} ,
      {
        "a": 2
      },{}, 7
      ]

      """
    let found = try read(text, size: size)
    #expect(
      found.map(\.text) == [
        #"{"a": "],}\"[{", "b": [1, {"c": 2}]}"#, "{\n  \"a\": 2\n}", "{}", "7",
      ])
    #expect(found.map(\.line) == [2, 3, 5, 5])
    #expect(try read("[]", size: size).isEmpty)
    #expect(try read("[\n]\n", size: size).isEmpty)
  }

  @Test func aFileThatIsNoWholeArrayIsRefused() {
    for (text, complaint) in [
      ("[", "t.json is cut off: the array that it begins with does not end"),
      ("[{}", "t.json is cut off: the value that begins on line 1 does not end"),
      ("[{},\n", "t.json is cut off: the array that it begins with does not end"),
      ("[{},\n{\"a\":1\n", "t.json is cut off: the value that begins on line 2 does not end"),
      ("[{},\n]", "t.json:2: a value of the array is missing"),
      ("[,{}]", "t.json:1: a value of the array is missing"),
      ("[{}]\n{}", "t.json:2: something stands behind the end of the array"),
    ] {
      #expect(throws: FileError(complaint)) { try read(text) }
    }
  }

  /// Missing commas are found when the record is read: nothing is lost in silence.
  @Test func anElementThatIsMalformedIsARecordLikeAnyOther() throws {
    let found = try read(#"[{"a":1} {"a":2}, {"a":3}, {"a" 4}]"#)
    #expect(found.map(\.text) == [#"{"a":1} {"a":2}"#, #"{"a":3}"#, #"{"a" 4}"#])
  }

  @Test(arguments: [1_000, 1 << 20]) func ofAnEndlessElementOnlyTheBeginningIsKept(_ size: Int)
    throws
  {
    let text = "[{\"a\":\"" + String(repeating: "x", count: 3 << 20) + "\"},{}]"
    let found = try read(text, size: size)
    #expect(found.map(\.text.utf8.count) == [RecordLimit.kept, 2])
  }
}
