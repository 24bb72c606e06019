import Attribution
import Codec

/// One key of the configuration: its name, what it means, and how it is read and written.
///
/// ``all`` is the only list of keys there is. Loading, the effective configuration, the table in the
/// README and the help text are all made from it.
public struct Setting: Sendable {
  /// Where it stands in the file: `lookback`, `topics.clicks`.
  public let path: String
  public let meaning: String
  let shape: Shape
  /// Reads a value into the configuration, which it leaves alone when the value is not valid.
  let read: @Sendable (SettingValue, inout Configuration) throws(ConfigurationError) -> Void
  let render: @Sendable (Configuration) -> RenderedValue

  /// How a value looks outside a file.
  enum Shape {
    /// The text as it is.
    case scalar
    /// `a,b`, or a YAML list in brackets.
    case list
    /// Inline YAML.
    case structure
  }

  /// The environment variable that sets it: `TRIBUTARY_TOPICS_CLICKS`.
  public var environmentVariable: String {
    "TRIBUTARY_" + path.uppercased().split(separator: ".").joined(separator: "_")
  }

  /// Its default as YAML on one line.
  public var defaultText: String { render(Configuration()).flowText }

  init<Value>(
    _ path: String, _ property: WritableKeyPath<Configuration, Value> & Sendable,
    _ meaning: String, shape: Shape = .scalar,
    read: @escaping @Sendable (SettingValue) throws(ConfigurationError) -> Value,
    render: @escaping @Sendable (Value) -> RenderedValue
  ) {
    self.path = path
    self.meaning = meaning
    self.shape = shape
    self.read = { (value, configuration) throws(ConfigurationError) in
      configuration[keyPath: property] = try read(value)
    }
    self.render = { render($0[keyPath: property]) }
  }
}

// MARK: - The table

extension Setting {
  /// Every setting, in the order of the contract's section 7.
  public static let all: [Setting] = [
    Setting(
      "application_id", \.applicationID,
      "names consumer groups, transactional ids and internal topics",
      read: { value throws(ConfigurationError) in
        try value.topicName(longest: 240)
      }, render: { .scalar($0) }),
    Setting(
      "bootstrap_servers", \.bootstrapServers,
      "brokers to start from: `host:port`, comma-separated",
      read: { value throws(ConfigurationError) in try value.brokers() }, render: { .scalar($0) }),
    .topic("topics.impressions", \.topics.impressions, "ad impressions; `null` for none"),
    .topic("topics.clicks", \.topics.clicks, "ad clicks"),
    .topic("topics.conversions", \.topics.conversions, "orders, sign-ups, installs"),
    .topic(
      "topics.costs", \.topics.costs, "media cost that is not on a touch; `null` for none"),
    .topic("topics.rollups", \.topics.rollups, "the output that dashboard and report read"),
    .topic(
      "topics.attributions", \.topics.attributions,
      "one record per conversion: who got the credit and why"),
    .topic(
      "topics.dead_letters", \.topics.deadLetters, "records that can never be used, with the reason"
    ),
    .topic(
      "topics.late_events", \.topics.lateEvents, "events older than the correction horizon"),
    .topic(
      "topics.accepted", \.topics.accepted,
      "every event that counted, once: the deduped stream; `null` for none"),
    Setting(
      "currency", \.definitions.currency, "ISO 4217 code of all money",
      read: { value throws(ConfigurationError) in try value.currency() }, render: { .scalar($0) }),
    .duration(
      "lookback", \.definitions.lookback, "how long before a conversion a click can earn credit"),
    .duration(
      "impression_lookback", \.definitions.impressionLookback,
      "the same for impressions, if `touch_kinds` lists them"),
    Setting(
      "touch_kinds", \.definitions.touchKinds,
      "touches that can earn credit: `click`, `impression`", shape: .list,
      read: { value throws(ConfigurationError) in try value.touchKinds() },
      render: { kinds in
        .flowList(touchKindNames.filter { kinds.contains($0.value) }.map(\.name))
      }),
    Setting(
      "prefer_clicks", \.definitions.preferClicks,
      "clicks take all the credit where both kinds are eligible",
      read: { value throws(ConfigurationError) in try value.bool() },
      render: { .plain($0 ? "true" : "false") }),
    Setting(
      "models", \.definitions.configuredModels,
      "any of " + Model.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        + "; one that was added later as `{name: linear, since: \"2026-01-06T12:00:00Z\"}`",
      shape: .list,
      read: { value throws(ConfigurationError) in try value.models() },
      render: { .plain("[" + $0.map(\.flowText).joined(separator: ", ") + "]") }),
    .duration(
      "half_life", \.definitions.halfLife, "`time_decay` halves a touch's weight this often"),
    Setting(
      "direct_channels", \.definitions.directChannels,
      "channels that `last_non_direct` passes over", shape: .list,
      read: { value throws(ConfigurationError) in
        try value.distinct { item throws(ConfigurationError) in try item.text() }
      }, render: { .flowList($0) }),
    Setting(
      "views", \.definitions.views,
      "rollups to keep: each a `name`, `dimensions` (of `campaign_id`, `channel`, `ad_id` and the extra fields "
        + "below), a `period` that divides a day, `bucket_conversions_by` (`conversion` or `touch`), and `since` for "
        + "one that was added later",
      shape: .structure, read: { value throws(ConfigurationError) in try value.views() },
      render: { .blockList($0.map(\.flowText)) }),
    .duration(
      "watermark_delay", \.definitions.watermarkDelay, atLeast: 0,
      "how far the watermark trails the newest event"),
    .duration(
      "correction_horizon", \.definitions.correctionHorizon,
      "how far behind the watermark an event still counts"),
    .duration(
      "max_future_skew", \.definitions.maxFutureSkew, atLeast: 0,
      "how far an event may be ahead of its Kafka timestamp"),
    .duration(
      "idle_timeout", \.definitions.idleTimeout,
      "how long an input may be silent before the watermark moves on without it"),
    .fieldNames(
      "dimensions", \.definitions.dimensions,
      "extra fields of touches and costs that views may list"),
    .fieldNames(
      "conversion_dimensions", \.definitions.conversionDimensions,
      "extra fields of conversions that views may list, as in `goal`"),
    .fieldNames(
      "match_on", \.definitions.matchOn,
      "fields that a touch and a conversion must share for credit, as in `account_id`; views may list them"
    ),
    Setting(
      "max_touches", \.definitions.maxTouches,
      "eligible touches that share a conversion's credit, at most 4000; of more, the last ones count",
      read: { value throws(ConfigurationError) in try value.integer(in: 1...Definitions.mostTouches)
      },
      render: { .plain(String($0)) }),
    Setting(
      "unmatched_users", \.definitions.unmatchedUsers,
      "user ids that stand for nobody: their conversions are unattributed", shape: .list,
      read: { value throws(ConfigurationError) in
        try value.distinct { item throws(ConfigurationError) in try item.text() }
      }, render: { .flowList($0) }),
    Setting(
      "excess_decimals", \.definitions.excessDecimals,
      "amounts with more than six decimals: `refuse`, or `round` half to even",
      read: { value throws(ConfigurationError) in try value.choice(of: ExcessDecimals.self) },
      render: { .plain($0.rawValue) }),
    Setting(
      "earliest_event_time", \.definitions.earliestEventTime,
      "an earlier `event_time` is invalid: it is usually in seconds",
      read: { value throws(ConfigurationError) in try value.instant() },
      render: { .scalar(instantText($0)) }),
    Setting(
      "on_lost_input", \.onLostInput,
      "what to do when input was deleted before it was read: `stop`, or `continue` and count it",
      read: { value throws(ConfigurationError) in try value.choice(of: LostInputPolicy.self) },
      render: { .plain($0.rawValue) }),
    Setting(
      "partitioner", \.partitioner,
      "how producers of the keyed inputs choose partitions: `murmur2`, `consistent` or `unchecked`",
      read: { value throws(ConfigurationError) in try value.choice(of: InputPartitioner.self) },
      render: { .plain($0.rawValue) }),
    Setting(
      "rekey_partitions", \.rekeyPartitions,
      "partitions of re-keyed inputs; 0: as many as the inputs that need no re-keying",
      read: { value throws(ConfigurationError) in try value.integer(in: 0...10_000) },
      render: { .plain(String($0)) }),
    .duration(
      "commit_interval", \.commitInterval, atLeast: 10, atMost: 10_000,
      "how long one transaction collects work"),
    .duration(
      "stall_timeout", \.stallTimeout, atLeast: 1_000,
      "a worker that makes no progress for so long is replaced"),
    Setting(
      "max_memory", \.maxMemory,
      "the most bytes that everything remembered may take; 0: three quarters of the container's memory",
      read: { value throws(ConfigurationError) in try value.integer(in: 0...Int.max) },
      render: { .plain(String($0)) }),
    Setting(
      "state_dir", \.stateDir,
      "folder on this machine's disk for copies of the live state, which make restarts quick; `null`: none",
      read: { value throws(ConfigurationError) in value.isNull ? nil : try value.text() },
      render: { path in path.map { .scalar($0) } ?? .plain("null") }),
    Setting(
      "workers", \.workers, "worker threads; 0: one per core",
      read: { value throws(ConfigurationError) in try value.integer(in: 0...1_024) },
      render: { .plain(String($0)) }),
    Setting(
      "instance_id", \.instanceID,
      "this process's name, if any: static membership and stable transactional ids",
      read: { value throws(ConfigurationError) in try value.instanceID() },
      render: { .scalar($0) }),
    Setting(
      "inputs", \.inputs,
      "what the inputs hold, and where in it our fields are; `null`: the topics above, under our names",
      shape: .structure, read: { value throws(ConfigurationError) in try value.inputs() },
      render: { inputs in inputs.map { .blockList($0.map(\.flowText)) } ?? .plain("null") }),
    Setting(
      "schema_registry", \.schemaRegistry,
      "`http(s)://user:password@host:port` of the schemas of Avro and Protobuf inputs, and of Avro output",
      read: { value throws(ConfigurationError) in try value.registry() },
      render: { address in address.map { .scalar($0.masked) } ?? .plain("null") }),
    Setting(
      "output_format", \.outputFormat,
      "how rollups and attributions are written: `json` or `avro`, which needs a `schema_registry`",
      read: { value throws(ConfigurationError) in try value.choice(of: OutputFormat.self) },
      render: { .plain($0.rawValue) }),
    Setting(
      "log_format", \.logFormat,
      "how log lines are written to standard error: `text`, or `json`, one object a line",
      read: { value throws(ConfigurationError) in try value.choice(of: LogFormat.self) },
      render: { .plain($0.rawValue) }),
    Setting(
      "pseudonymize", \.pseudonymize,
      "file with a key of 32 bytes or more: user ids, sessions and addresses are replaced before anything is written; "
        + "`null`: they are not",
      read: { value throws(ConfigurationError) in value.isNull ? nil : try value.text() },
      render: { path in path.map { .scalar($0) } ?? .plain("null") }),
    Setting(
      "kafka", \.kafka, "any librdkafka property, as in `security.protocol: SSL`",
      shape: .structure,
      read: { value throws(ConfigurationError) in try value.kafkaProperties() },
      render: { properties in
        .mapping(
          properties.sorted { $0.key < $1.key }.map { name, value in
            (name, Configuration.isSecret(kafkaProperty: name) ? Configuration.mask : value)
          })
      }),
  ]

  /// The setting at `path`; nil when there is none.
  public static func at(_ path: String) -> Setting? { byPath[path] }

  private static let byPath = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })

  /// Former names of settings, with what to write instead. Each is an error, because the meaning or the
  /// unit of the value has changed.
  static let renamed: [String: String] = [
    "allowed_lateness":
      "write watermark_delay; Flink and Beam call correction_horizon the allowed lateness",
    "max_state_bytes":
      "write max_memory, which limits what the whole process remembers, not one worker",
  ]

  // MARK: Kinds of setting

  private static func topic(
    _ path: String, _ property: WritableKeyPath<Configuration, String> & Sendable,
    _ meaning: String
  ) -> Setting {
    Setting(
      path, property, meaning,
      read: { value throws(ConfigurationError) in
        if value.isNull {
          throw value.error(
            "cannot be null", "only topics.impressions and topics.costs can be left out")
        }
        return try value.topicName(longest: 249)
      }, render: { .scalar($0) })
  }

  private static func topic(
    _ path: String, _ property: WritableKeyPath<Configuration, String?> & Sendable,
    _ meaning: String
  ) -> Setting {
    Setting(
      path, property, meaning,
      read: { value throws(ConfigurationError) in
        value.isNull ? nil : try value.topicName(longest: 249)
      }, render: { name in name.map { .scalar($0) } ?? .plain("null") })
  }

  private static func fieldNames(
    _ path: String, _ property: WritableKeyPath<Configuration, [String]> & Sendable,
    _ meaning: String
  ) -> Setting {
    Setting(
      path, property, meaning, shape: .list,
      read: { value throws(ConfigurationError) in
        try value.distinct { item throws(ConfigurationError) in try item.fieldName() }
      }, render: { .flowList($0) })
  }

  private static func duration(
    _ path: String, _ property: WritableKeyPath<Configuration, Milliseconds> & Sendable,
    atLeast least: Milliseconds = 1, atMost most: Milliseconds = DurationText.longest,
    _ meaning: String
  ) -> Setting {
    Setting(
      path, property, meaning,
      read: { value throws(ConfigurationError) in
        try value.duration(atLeast: least, atMost: most)
      }, render: { .plain(DurationText.text(of: $0)) })
  }
}

/// Event kinds that are touches, by the names that configuration gives them.
let touchKindNames: [(name: String, value: EventKind)] = [
  ("click", .click), ("impression", .impression),
]

/// An instant in seconds, or in milliseconds where it has them.
private func instantText(_ time: Milliseconds) -> String {
  time % 1_000 == 0 ? Time.formatSeconds(time) : Time.formatMilliseconds(time)
}
