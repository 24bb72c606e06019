import ArgumentParser
import Attribution

/// Models as a user names them.
enum ModelName {
  /// The index of a model among those of the definitions; of none, the first.
  static func index(of name: String?, _ definitions: Definitions) throws -> Int {
    guard let name else { return 0 }
    let names = definitions.models.map(\.rawValue)
    guard let index = names.firstIndex(of: name) else {
      throw ValidationError(
        "the configuration has no model \"\(name)\"; it has \(names.joined(separator: ", "))")
    }
    return index
  }
}
