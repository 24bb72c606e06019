import Codec
import Configuration

/// The schemas of what a configuration publishes in Avro, and the subjects that the registry has them under.
///
/// Rollups and attributions are `<topic>-value`, as serializers name them by default. The rollups topic holds progress records
/// too; their schema stands beside under `<topic>-tributary.Progress`, as serializers name types that share a topic.
public struct PublishedSubjects: Sendable {
  public struct Subject: Sendable {
    public var name: String
    public var schema: String
  }

  public let rollups: Subject
  public let attributions: Subject
  public let progress: Subject

  public init(_ configuration: Configuration) {
    let topics = configuration.topics
    func subject(_ schema: PublishedSchema, _ name: String) -> Subject {
      Subject(name: name, schema: schema.text(configuration.definitions))
    }
    rollups = subject(.rollup, "\(topics.rollups)-value")
    attributions = subject(.attribution, "\(topics.attributions)-value")
    progress = subject(.progress, "\(topics.rollups)-\(PublishedSchema.progress.recordName)")
  }

  public var all: [Subject] { [rollups, progress, attributions] }
}

/// How a process writes what it publishes, and reads it back.
public struct PublishedOutput: Sendable {
  public let forms: PublishedForms
  /// By which schemas rollups and attributions are written; nil for JSON.
  public let schemas: PublishedSchemaIDs?

  /// Writes JSON, and reads nothing else.
  public static let json = PublishedOutput(forms: PublishedForms(registry: nil), schemas: nil)

  public init(forms: PublishedForms, schemas: PublishedSchemaIDs?) {
    self.forms = forms
    self.schemas = schemas
  }

  /// The output of a configuration. Registers the schemas where that is Avro and the registry does not have them yet;
  /// waits for its answer, within limits.
  ///
  /// - Throws: `SchemaUnavailable` or `InputError`, a line for a person.
  public init(_ configuration: Configuration) throws {
    let registry = try configuration.schemaRegistry.map { address throws(InputError) in
      try SchemaRegistry(address)
    }
    forms = PublishedForms(registry: registry)
    guard configuration.outputFormat == .avro, let registry else {
      schemas = nil
      return
    }
    let subjects = PublishedSubjects(configuration)
    func register(_ subject: PublishedSubjects.Subject) throws(SchemaUnavailable) -> Int32 {
      try registry.register(subject.schema, under: subject.name)
    }
    schemas = PublishedSchemaIDs(
      rollup: try register(subjects.rollups), attribution: try register(subjects.attributions),
      progress: try register(subjects.progress))
  }
}
