import Testing

@testable import ObjectStore

@Suite struct QueueAnswerTests {
  @Test func messagesAreRead() throws {
    let answer = """
      {"Messages":[{"MessageId":"m","ReceiptHandle":"r","MD5OfBody":"x","Body":"{}","Attributes":\
      {"SentTimestamp":"1767571570250","MessageGroupId":"g","ApproximateReceiveCount":"1"}},\
      {"MessageId":"n","ReceiptHandle":"s","Body":""}]}
      """
    let messages = try #require(QueueAnswer.messages(Array(answer.utf8)))
    #expect(
      messages == [
        QueueMessage(id: "m", receipt: "r", body: "{}", sent: 1_767_571_570_250, group: "g"),
        QueueMessage(id: "n", receipt: "s", body: "", sent: nil, group: nil),
      ])
    #expect(QueueAnswer.messages(Array("{}".utf8)) == [])
    #expect(QueueAnswer.messages([]) == [])
    #expect(QueueAnswer.messages(Array("<html/>".utf8)) == nil)
  }

  @Test func refusalsAreReadInBothForms() {
    let json = #"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue."}"#
    #expect(
      QueueAnswer.refusal(Array(json.utf8))
        == .init(code: "QueueDoesNotExist", message: "no such queue"))
    let xml =
      "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    #expect(QueueAnswer.refusal(Array(xml.utf8)) == .init(code: "AccessDenied", message: "no"))
    #expect(QueueAnswer.refusal([]) == .init(code: "", message: ""))
  }

  @Test func entriesOfABatchThatFailedAreNamed() {
    let answer =
      #"{"Successful":[{"Id":"0"}],"Failed":[{"Id":"1","Code":"InvalidParameterValue","SenderFault":true}]}"#
    let failures = QueueAnswer.failures(Array(answer.utf8))
    #expect(failures.map(\.id) == ["1"] && failures.map(\.code) == ["InvalidParameterValue"])
  }
}
