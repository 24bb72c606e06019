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

  /// The indexes of models whose names stand between commas, each once, in their order.
  static func indexes(of names: String, _ definitions: Definitions) throws -> [Int] {
    var indexes: [Int] = []
    for name in names.split(separator: ",", omittingEmptySubsequences: false) {
      let index = try index(of: String(name), definitions)
      if !indexes.contains(index) { indexes.append(index) }
    }
    return indexes
  }
}
