import ArgumentParser
import Cluster
import Codec
import Configuration
import Inputs
import Readers

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Show or check the configuration.",
    subcommands: [PrintDefault.self, Print.self, Check.self, Schemas.self])

  struct PrintDefault: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "print-default",
      abstract: "Print every setting with its default and its meaning, as a file to start from.")

    func run() throws {
      try StandardOutput.write(Configuration.annotatedDefaults())
    }
  }

  struct Print: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the effective configuration, and where each value comes from.",
      discussion: "Secrets are masked. What it prints is a configuration file.")

    @OptionGroup var options: GlobalOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      let (settings, origins) = try options.loadWithOrigins()
      if json {
        try StandardOutput.print(settings.json(origins: origins))
      } else {
        try StandardOutput.write(settings.yaml(origins: origins))
      }
    }
  }

  struct Schemas: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the Avro schemas of rollups and attributions, one a line.",
      discussion: """
        They follow from views, dimensions and models. `run` registers them with output_format: avro; whoever \
        registers schemas by other means takes them from here.
        """)

    @OptionGroup var options: GlobalOptions

    func run() throws {
      for subject in PublishedSubjects(try options.load()).all {
        var writer = JSONWriter()
        writer.object {
          $0.field("subject", subject.name)
          $0.field("schema", subject.schema)
        }
        try StandardOutput.print(writer.text)
      }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check the configuration, and the brokers against it.",
      discussion: """
        Looks at topics, partitions, settings and replicas, and tries the rights that `run` needs: it reads each \
        topic at its end, and writes a record to each output in a transaction that it aborts. With output_format: \
        avro it asks the schema registry whether the schemas are compatible. Records of each input say what of the \
        mapping never fits. Exit code 2: the \
        configuration cannot be used, 1: the brokers do not fit it.
        """)

    @OptionGroup var options: GlobalOptions

    @Flag(help: "Check the configuration alone; ask no broker.")
    var offline = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      let settings = try options.load()
      var findings = [
        ClusterCheck.Finding(outcome: .passed, subject: "configuration", detail: "can be used")
      ]
      if let key = settings.definitions.pseudonymKey {
        findings.append(
          .init(
            outcome: .passed, subject: "pseudonymize",
            detail: "user ids, sessions and addresses are replaced (\(key))"))
      }
      if !offline {
        let logger = options.makeLogger()
        findings += try ClusterCheck(settings, logger: logger).run()
        if !findings.contains(where: { $0.outcome == .failed }) {
          findings += try InputCheck(settings, logger: logger).findings()
        }
      }
      if json {
        var writer = JSONWriter()
        writer.array(findings) { writer, finding in
          writer.object {
            $0.field("outcome", finding.outcome.rawValue)
            $0.field("subject", finding.subject)
            $0.field("detail", finding.detail)
          }
        }
        try StandardOutput.print(writer.text)
      } else {
        for finding in findings {
          let outcome = finding.outcome.rawValue
          let padding = String(repeating: " ", count: max(0, 9 - outcome.count))
          try StandardOutput.print("\(outcome)\(padding)\(finding.subject): \(finding.detail)")
        }
      }
      let failed = findings.filter { $0.outcome == .failed }.count
      guard failed == 0 else {
        throw Failure("\(failed) check\(failed == 1 ? "" : "s") failed")
      }
    }
  }
}
