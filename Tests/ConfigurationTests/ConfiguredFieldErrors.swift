import Attribution
import Testing

@testable import Configuration

private let form =
  "use 1 to 63 letters, digits, '_' and '-', a letter first; `inputs` can read any field under such a name"
private let taken = "which means something already; read the field under another name with `inputs`"
private let once =
  "list it once: fields of match_on are of touches and conversions, and views may list them as they are"

private let badFiles = [
  BadFile(
    "dimensions: country",
    "c.yaml:1:13: dimensions must be a list; write it in brackets, as in [a, b]"),
  BadFile(#"dimensions: [""]"#, #"c.yaml:1:14: dimensions[0] cannot be ""; \#(form)"#),
  BadFile(
    "dimensions: [a, geo.country]", #"c.yaml:1:17: dimensions[1] cannot be "geo.country"; \#(form)"#
  ),
  BadFile("dimensions: [1st]", #"c.yaml:1:14: dimensions[0] cannot be "1st"; \#(form)"#),
  BadFile("match_on: [größe]", #"c.yaml:1:12: match_on[0] cannot be "größe"; \#(form)"#),
  BadFile("dimensions: [a b]", #"c.yaml:1:14: dimensions[0] cannot be "a b"; \#(form)"#),
  BadFile(
    "dimensions: [campaign_id]", #"c.yaml:1:14: dimensions[0] cannot be "campaign_id", \#(taken)"#),
  BadFile(
    "conversion_dimensions: [Users]",
    #"c.yaml:1:25: conversion_dimensions[0] cannot be "Users", \#(taken)"#),
  BadFile("match_on: [user_id]", #"c.yaml:1:12: match_on[0] cannot be "user_id", \#(taken)"#),
  BadFile(
    "conversion_dimensions: [revenue_linear]",
    #"c.yaml:1:25: conversion_dimensions[0] cannot be "revenue_linear", \#(taken)"#),
  BadFile("dimensions: [a, a]", #"c.yaml:1:17: dimensions[1] repeats "a"; list it once"#),
  BadFile(
    "dimensions: [a, A]", #"c.yaml:1:13: dimensions lists "A", which it lists already; \#(once)"#),
  BadFile(
    "match_on: [a]\ndimensions: [a]",
    #"c.yaml:1:11: match_on lists "a", which dimensions lists already; \#(once)"#),
  BadFile(
    "conversion_dimensions: [a]\ndimensions: [a]",
    #"c.yaml:1:24: conversion_dimensions lists "a", which dimensions lists already; \#(once)"#),
  BadFile(
    "dimensions: [a, b, c, d, e, f, g, h, i]\nmatch_on: [j, k, l, m, n, o, p, q]",
    "c.yaml:2:11: dimensions, conversion_dimensions and match_on name 17 fields together; name at most 16"
  ),
  BadFile(
    "dimensions: [country]\nviews: [{name: v, dimensions: [channel, contry], period: 5m}]",
    #"c.yaml:2:41: views[0].dimensions[1] cannot be "contry"; did you mean country? valid: campaign_id, "#
      + "channel, ad_id, country"),
]

@Suite("Fields that the configuration adds")
struct ConfiguredFieldErrors {
  @Test("A list that cannot be meant so is said in one line", arguments: badFiles)
  func badLists(file: BadFile) {
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration.load(yaml: file.yaml, named: "c.yaml")
    }
    #expect(error.map { "\($0)" } == file.message)
  }

  @Test("Views may list the fields of all three lists, wherever each of them is set")
  func good() throws {
    let configuration = try Configuration.load(
      yaml:
        "views: [{name: v, dimensions: [goal, account_id, channel, order], period: 10s}]\nmatch_on: [account_id]",
      environment: ["TRIBUTARY_CONVERSION_DIMENSIONS": "goal,shop"],
      overrides: [.setting(path: "dimensions", value: "[order]", flag: "--set")])
    let definitions = configuration.definitions
    #expect(definitions.dimensions == ["order"])
    #expect(definitions.conversionDimensions == ["goal", "shop"])
    #expect(definitions.matchOn == ["account_id"])
    #expect(
      definitions.views[0].dimensions.map(\.rawValue) == ["goal", "account_id", "channel", "order"])
    #expect(
      definitions.allDimensions.map(\.rawValue)
        == ["campaign_id", "channel", "ad_id", "order", "account_id", "goal", "shop"])
    #expect(
      definitions.allDimensions.filter(definitions.isOfTouches).map(\.rawValue)
        == ["campaign_id", "channel", "ad_id", "order"])
    #expect(try Configuration.load(yaml: configuration.yaml()) == configuration)
  }

  @Test("The lists are part of the definitions, and without them nothing is other than before")
  func fingerprint() throws {
    let bare = try Configuration.load(yaml: "").definitions
    // As the versions without these settings wrote it into state and rollups.
    #expect(bare.fingerprint.base == 3_292_518_794_662_812_766)
    var bases: Set<UInt64> = [bare.fingerprint.base]
    for yaml in [
      "dimensions: [a]", "conversion_dimensions: [a]", "match_on: [a]", "dimensions: [a, b]",
      "dimensions: [b, a]", "dimensions: [a]\nmatch_on: [b]",
    ] {
      bases.insert(try Configuration.load(yaml: yaml).definitions.fingerprint.base)
    }
    #expect(bases.count == 7)
  }
}
