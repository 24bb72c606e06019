import Attribution
import Codec
import Kafka

/// The headers that a dead letter or late event has behind those that its record came with (contract, section 2).
package enum SideHeaders {
  package static let reason = "reason"
  package static let field = "field"
  package static let detail = "detail"
  package static let sourceTopic = "source_topic"
  package static let sourcePartition = "source_partition"
  package static let sourceOffset = "source_offset"
  package static let sourceNumber = "source_number"

  package static let tooLate = Header(name: reason, value: Array("too_late".utf8))

  /// What is wrong with a record.
  package static func of(_ rejection: Rejection, _ definitions: Definitions) -> [Header] {
    var headers = [Header(name: reason, value: Array(rejection.reason.rawValue.utf8))]
    if let name = rejection.fieldName(definitions) {
      headers.append(Header(name: field, value: Array(name.utf8)))
    }
    headers.append(Header(name: detail, value: Array(rejection.detail.description.utf8)))
    return headers
  }

  /// Where it came from: of a record that has others in its message, also which of them it is, from 0.
  package static func source(_ partition: TopicPartition, _ record: Record) -> [Header] {
    let place = record.place
    let headers = [
      Header(name: sourceTopic, value: Array(partition.topic.utf8)),
      Header(name: sourcePartition, value: Array("\(partition.partition)".utf8)),
      Header(name: sourceOffset, value: Array("\(place.offset)".utf8)),
    ]
    guard record.isPacked else { return headers }
    return headers + [Header(name: sourceNumber, value: Array("\(place.number)".utf8))]
  }
}
