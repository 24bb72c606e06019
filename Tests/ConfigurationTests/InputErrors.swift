import Testing

@testable import Configuration

/// An entry of `inputs` from the fields behind `kind: click, topic: ads`.
private func entry(_ rest: String) -> String { "inputs:\n  - {kind: click, topic: ads, \(rest)}" }

private let faults = [
  BadFile(
    "inputs: []", "c.yaml:1:9: inputs is empty; list at least one input, or leave the key out"),
  BadFile(
    "inputs:\n  - {topic: ads}",
    "c.yaml:2:5: inputs[0] has no kind; say what it holds: impression, click, conversion or cost"),
  BadFile(
    "inputs:\n  - {kind: clik, topic: ads}",
    #"c.yaml:2:12: inputs[0].kind cannot be "clik"; did you mean click? valid: impression, click, conversion, cost"#
  ),
  BadFile(
    "inputs:\n  - {kind: click}",
    "c.yaml:2:5: inputs[0] has neither topic nor files; say where its records are"),
  BadFile(
    entry(#"files: "*.csv""#),
    "c.yaml:2:38: inputs[0].files stands beside topic; an input has one of both; write two entries"),
  BadFile(
    entry("fomat: json"), #"c.yaml:2:31: unknown key "fomat"; did you mean format?"#),
  BadFile(
    entry("delimiter: x"),
    "c.yaml:2:42: inputs[0].delimiter is for files; leave it out, or write files in place of topic"),
  BadFile(
    entry("format: avro"),
    "c.yaml:2:39: inputs[0].format is avro, but nothing says what the records look like; set schema_registry, or name a schema file"
  ),
  BadFile(
    entry("schema: a.avsc"),
    "c.yaml:2:39: inputs[0].schema is for avro and protobuf; write format: avro or format: protobuf"
  ),
  BadFile(
    entry("format: avro, schema: /nowhere/a.avsc"),
    #"c.yaml:2:53: inputs[0].schema names "/nowhere/a.avsc", which cannot be read; check the path"#),
  BadFile(
    entry("where: {type: []}"),
    "c.yaml:2:45: inputs[0].where.type is empty; list at least one value; none would fit no record"),
  BadFile(
    entry("fields: {usr_id: u}"),
    #"c.yaml:2:40: a click has no field "usr_id"; did you mean user_id?"#),
  BadFile(
    entry("fields: {user_id: a..b}"),
    "c.yaml:2:49: inputs[0].fields.user_id has an empty name; write names with single dots between them"
  ),
  BadFile(
    entry("fields: {user_id: $keys}"),
    #"c.yaml:2:49: inputs[0].fields.user_id cannot be "$keys"; did you mean $key? what does not stand in the value is $key, $timestamp, $place, $header.NAME; a name that begins with $ is written \$"#
  ),
  BadFile(
    entry(#"fields: {user_id: "a[b]"}"#),
    #"c.yaml:2:49: inputs[0].fields.user_id has "b" in brackets; write the number of an element, or [name=value]"#
  ),
  BadFile(
    entry("fields: {user_id: {first: [], path: a}}"),
    "c.yaml:2:57: inputs[0].fields.user_id.first stands beside path; list all paths under first"),
  BadFile(
    entry("fields: {user_id: {value: a, default: b}}"),
    "c.yaml:2:69: inputs[0].fields.user_id.default stands beside value; a constant needs nothing else"
  ),
  BadFile(
    entry("fields: {user_id: {path: a, unit: s}}"),
    "c.yaml:2:65: inputs[0].fields.user_id.unit is for times; only event_time and original_time have units and formats"
  ),
  BadFile(
    entry("fields: {event_time: {unit: sec}}"),
    #"c.yaml:2:59: inputs[0].fields.event_time.unit cannot be "sec"; valid: s, ms, us, ns"#),
  BadFile(
    entry(#"fields: {event_time: {format: "%d.%m. %H:%M"}}"#),
    #"c.yaml:2:61: inputs[0].fields.event_time.format "%d.%m. %H:%M" has no year; add %Y"#),
  BadFile(
    entry(#"fields: {event_time: {format: "%d.%m.%Q"}}"#),
    #"c.yaml:2:61: inputs[0].fields.event_time.format "%d.%m.%Q" has %Q, which means nothing here; there are %Y %y %m %b %d %j %H %I %p %M %S %f %z %s %a %F %T %R %D and %%"#
  ),
  BadFile(
    entry(#"fields: {event_time: {format: "%F", timezone: Europe/Berln}}"#),
    #"c.yaml:2:77: inputs[0].fields.event_time.timezone names no time zone: "Europe/Berln"; did you mean Europe/Berlin?"#
  ),
  BadFile(
    entry("fields: {}") + "\n  - {kind: conversion, topic: ads, where: {type: order}}",
    "c.yaml:3:5: inputs[1] gets no records: inputs[0], which stands before it, takes all; put it first, or change where"
  ),
  BadFile(
    entry("where: {type: [a, b]}") + "\n  - {kind: conversion, topic: ads, where: {type: b, x: y}}",
    "c.yaml:3:5: inputs[1] gets no records: inputs[0], which stands before it, takes all; put it first, or change where"
  ),
  BadFile(
    entry("where: {type: a}") + "\n  - {kind: conversion, topic: ads, rekey: true}",
    "c.yaml:3:43: inputs[1].rekey is true, but false in inputs[0]; entries of one topic share its rekey"
  ),
  BadFile(
    entry("rekey: false") + "\ntopics: {rollups: ads}",
    #"c.yaml:3:19: topics.rollups "ads" is also inputs; give every topic its own name"#),
  BadFile(
    entry("rekey: false") + "\ntouch_kinds: [impression]",
    "c.yaml:2:3: inputs has no topic of kind impression, but touch_kinds lists impression; add one, or take impression out of touch_kinds"
  ),
  BadFile(
    "schema_registry: registry:8081",
    "c.yaml:1:18: schema_registry is not an address; write http(s)://user:password@host:port"),
]

@Suite("Inputs that cannot be used")
struct InputErrors {
  @Test("Every fault is one line that says where it is", arguments: faults)
  func faultsAreNamed(fault: BadFile) {
    let error = #expect(throws: ConfigurationError.self) {
      try Configuration.load(yaml: fault.yaml, named: "c.yaml")
    }
    #expect(error?.description == fault.message)
  }

  @Test(
    "A path reads back as itself",
    arguments: [
      "a", "a.b.c", "a.0.b", "p[key=x y].value", #"a\.b.c\[0\]"#, "$key", "$timestamp", "$place",
      "$header.x.y", #"\$key"#, #"a\\b"#, "k[n=]", "$header.$x",
    ])
  func pathsReadBack(text: String) throws {
    let path = try FieldPath(text: text)
    #expect(path.text == text)
  }

  @Test("The number of an element may stand in brackets")
  func indexes() throws {
    let path = try FieldPath(text: "items[0].id")
    #expect(path == .value([.name("items"), .name("0"), .name("id")]))
  }

  @Test("A registry's address shows no password, and gives it to who asks")
  func registry() throws {
    let address = try #require(RegistryAddress("https://me:p%40ss@registry:8081/"))
    #expect(address.url == "https://registry:8081")
    #expect(address.user == "me")
    #expect(address.password == "p@ss")
    #expect(address.masked == "https://me:********@registry:8081")
    #expect(RegistryAddress("ftp://registry") == nil)
    #expect(RegistryAddress("http://") == nil)
    #expect(RegistryAddress("http://a:b:c") == nil)
    #expect(RegistryAddress("http://a/b?c") == nil)
  }
}
