import Configuration
import Kafka
import Logging

/// Who is in the application's consumer groups, as the brokers say.
package struct GroupMembers {
  private let admin: AdminClient

  package init(_ configuration: Configuration, logger: Logger) throws {
    admin = try AdminClient(ClientSettings.common(configuration), logger: logger)
  }

  /// Each group with its members; a group that nobody knows has none.
  package func describe(_ groups: [String]) throws -> [String: GroupDescription] {
    try admin.describeGroups(groups, timeoutMilliseconds: CallTimeout.call)
  }
}
