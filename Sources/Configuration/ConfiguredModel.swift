import Attribution
import Codec

/// An element of the `models` setting.
struct ConfiguredModel {
  var model: Model
  var since: Milliseconds?

  /// As YAML on one line.
  var flowText: String {
    guard let since else { return model.rawValue }
    return "{name: \(model.rawValue), since: \"\(Time.formatMilliseconds(since))\"}"
  }
}

extension Definitions {
  /// The models as the setting lists them.
  var configuredModels: [ConfiguredModel] {
    get { models.map { ConfiguredModel(model: $0, since: modelsSince[$0]) } }
    set {
      models = newValue.map(\.model)
      modelsSince = [:]
      for element in newValue { modelsSince[element.model] = element.since }
    }
  }
}
