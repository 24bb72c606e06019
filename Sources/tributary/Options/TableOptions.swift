import ArgumentParser
import Attribution
import Configuration
import Reporting

/// Which rollups a live table shows, and how.
struct TableOptions: ParsableArguments {
  @Option(help: "The view; default: the first of the configuration.")
  var view: String?

  @Option(help: "Attribution model of conversions and revenue; default: the first.")
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Sum over the last N windows; default: only the latest one.", valueName: "N"))
  var windows: Int?

  @Option(
    help: "Largest first by this: \(Measure.allCases.map(\.rawValue).joined(separator: ", ")).")
  var sort: Measure?

  @Option(
    help: ArgumentHelp(
      "Rows by these of the view's dimensions, separated by commas; default: all of them.",
      valueName: "dimensions"))
  var by: String?

  @Option(
    name: .customLong("where"), parsing: .singleValue,
    help: ArgumentHelp(
      "Only what has this value of a dimension, as in goal=purchase. May be repeated.",
      valueName: "dimension=value"))
  var conditions: [String] = []

  @Option(help: "Only rows whose names hold this text, in any case.")
  var filter: String?

  @Option(help: "The most rows; default: as many as fit.")
  var limit: Int?

  func validate() throws {
    if let windows, !(1...1_000_000).contains(windows) {
      throw ValidationError("--windows must be from 1 to 1000000.")
    }
    for condition in conditions where DimensionFilter(condition) == nil {
      throw ValidationError("--where \(condition) is no condition such as goal=purchase.")
    }
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
  }

  /// The table that the options ask for.
  func table(_ definitions: Definitions, defaultWindows: Int = 1) throws -> LiveTable {
    let view = try chosenView(definitions)
    let model = try ModelName.index(of: self.model, definitions)
    let dimensions =
      by.map { $0.split(separator: ",").map { Dimension(named: String($0)) } } ?? view.dimensions
    let conditions = conditions.compactMap { DimensionFilter($0) }
    for wanted in dimensions + conditions.dimensions where !view.dimensions.contains(wanted) {
      throw ValidationError("view \(view.name) is not by \(wanted.rawValue)")
    }
    return LiveTable(
      view: view, model: model, models: definitions.models, currency: definitions.currency,
      windowCount: windows ?? defaultWindows, rank: sort ?? .clicks, filter: filter,
      limit: limit, dimensions: dimensions, conditions: conditions)
  }

  private func chosenView(_ definitions: Definitions) throws -> View {
    guard let view else { return definitions.views[0] }
    guard let found = definitions.views.first(where: { $0.name == view }) else {
      let names = definitions.views.map(\.name).joined(separator: ", ")
      throw ValidationError("the configuration has no view \"\(view)\"; it has \(names)")
    }
    return found
  }
}

extension Measure: ExpressibleByArgument {}
