import Configuration
import Inputs

/// Asks the schema registry what `run` will ask it where rollups and attributions are written in Avro: whether the
/// schemas that follow from the configuration can be the next versions of their subjects. Registers nothing.
public struct SchemaCheck {
  private let configuration: Configuration

  public init(_ configuration: Configuration) { self.configuration = configuration }

  /// Empty where the output is JSON.
  public func findings() -> [ClusterCheck.Finding] {
    guard configuration.outputFormat == .avro, let address = configuration.schemaRegistry else {
      return []
    }
    let registry: SchemaRegistry
    do { registry = try SchemaRegistry(address) } catch {
      return [.init(outcome: .failed, subject: "schema_registry", detail: "\(error)")]
    }
    var findings: [ClusterCheck.Finding] = []
    for subject in PublishedSubjects(configuration).all {
      do {
        findings.append(
          finding(subject, try registry.compatibility(of: subject.schema, with: subject.name)))
      } catch {
        findings.append(
          .init(outcome: .failed, subject: "schema \(subject.name)", detail: "\(error)"))
        // The others would wait for the same.
        break
      }
    }
    return findings
  }

  private func finding(
    _ subject: PublishedSubjects.Subject, _ verdict: SchemaRegistry.Compatibility
  ) -> ClusterCheck.Finding {
    let name = "schema \(subject.name)"
    switch verdict {
    case .new: return .init(outcome: .passed, subject: name, detail: "new; `run` registers it")
    case .compatible:
      return .init(outcome: .passed, subject: name, detail: "compatible with what is registered")
    case .incompatible(let reason):
      return .init(
        outcome: .failed, subject: name,
        detail: "not compatible with the version that is registered"
          + (reason.isEmpty ? "" : " (\(reason))")
          + "; give the topic another name, or lower the subject's compatibility")
    }
  }
}
