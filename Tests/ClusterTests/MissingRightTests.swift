import Cluster
import Configuration
import Kafka
import Testing

/// What is said of a right that is missing.
@Suite struct MissingRightTests {
  private func text(
    _ name: String, _ operation: String, subject: String? = nil
  ) -> String {
    var error = KafkaError(code: 1, name: name, message: "no", operation: operation)
    error.subject = subject
    return MissingRight.text(of: error, Configuration())
  }

  @Test func theRightThatATopicNeedsFollowsFromWhatItIsFor() {
    for (topic, options) in [
      ("clicks", "--operation Read --topic clicks"),
      ("rollups", "--operation Read --operation Write --topic rollups"),
      ("tributary-state", "--operation Read --operation Write --topic tributary-state"),
      ("attributions", "--operation Write --topic attributions"),
    ] {
      let said = text("TOPIC_AUTHORIZATION_FAILED", "describe topic \(topic)", subject: topic)
      #expect(
        said.hasSuffix(
          "`kafka-acls.sh --bootstrap-server localhost:9092 --add --allow-principal User:NAME "
            + "\(options)` grants it"), "\(said)")
    }
    #expect(
      text("TOPIC_AUTHORIZATION_FAILED", "read tributary-deltas[0]").contains(
        "the right Read and Write on topic tributary-deltas is missing"))
  }

  @Test func whatWasRefusedIsAmongTheRightsThatAreNamed() {
    for topic in ["attributions", "dead-letters", "late-events"] {
      #expect(
        text("TOPIC_AUTHORIZATION_FAILED", "read \(topic)[0]").contains(
          "the right Read on topic \(topic) is missing"))
    }
    #expect(
      text("TOPIC_AUTHORIZATION_FAILED", "deliver record to clicks", subject: "clicks").contains(
        "the right Write on topic clicks is missing"))
  }

  @Test func groupsAndTransactionsAreNamedByTheirPrefix() {
    #expect(
      text("GROUP_AUTHORIZATION_FAILED", "read committed offsets").contains(
        "Read on groups tributary-* is missing: `kafka-acls.sh --bootstrap-server localhost:9092 --add "
          + "--allow-principal User:NAME --operation Read --group tributary- "
          + "--resource-pattern-type prefixed`"))
    #expect(
      text("TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "init transactions").contains(
        "--operation Write --transactional-id tributary- --resource-pattern-type prefixed"))
    #expect(
      text("CLUSTER_AUTHORIZATION_FAILED", "create topics").contains(
        "--operation Create --cluster`"))
  }

  @Test func whereKafkaNamesNoTopicACommandFindsIt() {
    #expect(
      text("TOPIC_AUTHORIZATION_FAILED", "commit transaction").hasSuffix(
        "lacks the right Write: `tributary config check` says which"))
    #expect(text("_TIMED_OUT", "read clicks[0]") == "read clicks[0]: no (_TIMED_OUT)")
  }
}
