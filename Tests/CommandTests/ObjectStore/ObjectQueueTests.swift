import Foundation
import TestServers
import Testing

/// The objects that a queue's notifications name are in the topics once and whole.
@Suite(.enabled(if: MotoServer.program != nil, Comment(rawValue: MotoServer.advice)))
struct ObjectQueueTests {
  @Test func everyFormOfNotificationBringsItsObjectOnce() throws {
    let world = try ObjectWorld()
    try world.moto.s3(
      "PUT", "\(world.bucket)?notification",
      body: """
        <NotificationConfiguration><QueueConfiguration><Queue>arn:aws:sqs:us-east-1:123456789012:\(world.bucket)</Queue>\
        <Event>s3:ObjectCreated:*</Event></QueueConfiguration></NotificationConfiguration>
        """)
    // These two are notified of by the store itself, after its test event.
    try world.put("clicks/a%2Bb%20c%25%C3%A4.jsonl", ObjectWorld.clicks(0..<100))
    try world.put("clicks/x.jsonl", ObjectWorld.clicks(100..<150))
    try world.moto.s3("PUT", "\(world.bucket)?notification", body: "<NotificationConfiguration/>")

    let table =
      "event_id,user_id,event_time,campaign_id\nk-150,u,1767571570250,c\nk-151,u,1767571570250,c\n"
    let packed = try gzip(Array(table.utf8), world.folder)
    try world.put("clicks/sns.csv.gz", packed)
    let wrapped = try json([
      "Type": "Notification", "TopicArn": "arn", "Message": world.notification("clicks/sns.csv.gz"),
    ])
    try world.send(wrapped)
    try world.put("clicks/bridge+x.jsonl", ObjectWorld.clicks(200..<300))
    let event = """
      {"version":"0","source":"aws.s3","detail-type":"Object Created","region":"us-east-1","detail":\
      {"bucket":{"name":"\(world.bucket)"},"object":{"key":"clicks/bridge+x.jsonl","size":1}}}
      """
    try world.send(event)
    // The same notification three times, and an event of another kind.
    try world.put("clicks/twice.jsonl.zst", zstd(Array(ObjectWorld.clicks(300..<400).utf8)))
    for _ in 0..<3 { try world.send(world.notification("clicks/twice.jsonl.zst")) }
    try world.send(
      world.notification("clicks/none.jsonl").replacing(
        "ObjectCreated:Put", with: "ObjectRemoved:Delete"))

    let result = try world.ingestQueue("--json")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains(#""taken":5,"known":2,"#), "\(result.output)")
    #expect(result.errors.contains("S3 has sent its test event; deleted"))
    #expect(try world.clicks() == Array(0..<150) + [150, 151] + Array(200..<400))
    let left = try world.moto.counts(world.queue)
    #expect(left == (0, 0))
    // What has been taken by the queue is known to a list as well.
    let listed = try world.ingest("s3://\(world.bucket)/clicks/", "--json")
    #expect(listed.output.contains(#""taken":0,"known":5,"#), "\(listed.output) \(listed.errors)")
  }

  @Test func everyVersionOfAnObjectCountsOnce() throws {
    let world = try ObjectWorld()
    try world.moto.s3(
      "PUT", "\(world.bucket)?versioning",
      body: "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
    for number in 0..<3 {
      try world.put("clicks.jsonl", ObjectWorld.clicks(number * 10..<number * 10 + 10))
    }
    let list = try world.moto.s3("GET", "\(world.bucket)?versions")
    let versions = list.matches(of: #/<VersionId>([^<]+)</#).map { String($0.output.1) }
    #expect(versions.count == 3)
    for version in versions {
      try world.send(world.notification("clicks.jsonl", more: #","versionId":"\#(version)""#))
    }
    try world.send(world.notification("clicks.jsonl", more: #","versionId":"no-such-version""#))
    let result = try world.ingestQueue("--json")
    #expect(result.status == 1)
    #expect(
      result.output.contains(#""taken":3,"known":0,"rejected":0,"failed":1"#), "\(result.output)")
    #expect(result.errors.contains("is gone (404 NoSuchVersion"), "\(result.errors)")
    #expect(try world.clicks() == Array(0..<30))
    let again = try world.ingest("s3://\(world.bucket)/", "--json")
    #expect(again.output.contains(#""taken":0,"known":1,"#), "\(again.output)")
  }

  @Test func whatCannotBeUsedGoesToTheDeadLetterQueueWithAReport() throws {
    let world = try ObjectWorld(visibility: 1, deliveries: 2)
    try world.put("clicks-good.jsonl", ObjectWorld.clicks(0..<10))
    try world.put("clicks-broken.jsonl", "{\n" + ObjectWorld.clicks(10..<11) + "{}\n")
    try world.put(
      "clicks-cut.jsonl.gz",
      try gzip(Array(ObjectWorld.clicks(0..<500).utf8), world.folder).dropLast(9))
    try world.put("notes.txt", "x")
    for name in ["good", "broken", "gone"] {
      try world.send(world.notification("clicks-\(name).jsonl"))
    }
    try world.send(world.notification("clicks-cut.jsonl.gz"))
    try world.send(world.notification("notes.txt"))
    try world.send(world.notification("clicks-%zz.jsonl"))
    try world.send("not JSON")
    let output = try world.folder.make("run")
    let process = try world.cluster.program.start(
      [
        "ingest", "--endpoint", world.moto.address, "--queue", world.queue, "--http", "0",
        "--rejected", "s3://\(world.bucket)/reports",
      ], outputFolder: output)
    defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
    let scrape = Scrape(address: try Scrape.address(in: world.folder, "run/errors"))
    var dead = 0
    for _ in 0..<200 where dead < 6 {
      dead = try world.moto.counts(world.deadLetters).visible
      usleep(100_000)
    }
    #expect(dead == 6)
    #expect(try scrape.get("/readyz").status == 200)
    let metrics = try scrape.metrics()
    #expect(metrics.sum("tributary_ingest_files_total", #"outcome="taken""#) == 1)
    #expect(metrics.sum("tributary_ingest_records_total", #"kind="clicks""#) == 10)
    #expect(
      metrics.sum("tributary_ingest_bytes_total") == Double(ObjectWorld.clicks(0..<10).utf8.count))
    for (reason, count) in [
      ("gone", 2), ("unusable_records", 2), ("unreadable", 2), ("name", 2), ("message", 4),
    ] {
      #expect(
        metrics.sum("tributary_ingest_refusals_total", "\"\(reason)\"") == Double(count),
        "\(reason)")
    }
    #expect(metrics.keys.contains("tributary_ingest_oldest_message_age_seconds"))
    process.terminate()
    #expect(process.wait(seconds: 10))
    #expect(process.terminationStatus == 0, "\(world.folder.text("run/errors"))")
    let report = try world.moto.s3(
      "GET", "\(world.bucket)/reports/\(world.bucket)/clicks-broken.jsonl.report.txt")
    #expect(report.contains("clicks-broken.jsonl:3: event_id: is missing"), "\(report)")
    for name in ["clicks-gone.jsonl", "clicks-cut.jsonl.gz", "notes.txt"] {
      let report = try world.moto.s3(
        "GET", "\(world.bucket)/reports/\(world.bucket)/\(name).report.txt")
      #expect(report.contains("Nothing of this file was taken"), "\(name): \(report)")
    }
    #expect(try world.clicks() == Array(0..<10))
    // The reports lie in the bucket, and are not taken for input.
    let listed = try world.ingest(
      "s3://\(world.bucket)/", "--rejected", "s3://\(world.bucket)/reports", "--json")
    #expect(listed.output.contains(#""known":1,"rejected":2,"failed":1"#), "\(listed.output)")
  }

  @Test func everyRecordComesOnceUnderKills() throws {
    let world = try ObjectWorld(visibility: 2)
    for number in 0..<4 {
      let key = "clicks/\(number).jsonl"
      try world.put(key, ObjectWorld.clicks(number * 3_000..<(number + 1) * 3_000))
      for _ in 0..<2 { try world.send(world.notification(key)) }
    }
    for round in 0..<4 {
      let process = try world.cluster.program.start(
        [
          "ingest", "--endpoint", world.moto.address, "--queue", world.queue, "--rate", "4000",
        ], outputFolder: world.folder.make("run-\(round)"))
      usleep(UInt32(900_000 + round * 350_000))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    // What was held by the dead comes again.
    usleep(2_100_000)
    let last = try world.ingestQueue()
    #expect(last.status == 0, "\(last.errors)")
    #expect(try world.clicks() == Array(0..<12_000))
    let left = try world.moto.counts(world.queue)
    #expect(left == (0, 0))
  }

  @Test func aMessageStaysHiddenWhileItsObjectIsTakenAndComesBackOnSIGTERM() throws {
    let world = try ObjectWorld(visibility: 1)
    try world.put("clicks.jsonl", ObjectWorld.clicks(0..<4_000))
    try world.send(world.notification("clicks.jsonl"))
    let process = try world.cluster.program.start(
      [
        "ingest", "--endpoint", world.moto.address, "--queue", world.queue, "--rate", "500",
      ], outputFolder: world.folder.make("run"))
    defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
    for _ in 0..<100 where try world.moto.counts(world.queue).hidden == 0 { usleep(50_000) }
    // Three times as long as the queue would hide it.
    for _ in 0..<15 {
      #expect(try world.moto.counts(world.queue) == (0, 1))
      usleep(200_000)
    }
    let stopped = Date()
    process.terminate()
    #expect(process.wait(seconds: 10))
    #expect(process.terminationStatus == 0, "\(world.folder.text("run/errors"))")
    #expect(try world.moto.counts(world.queue) == (1, 0), "\(Date().timeIntervalSince(stopped)) s")
    let taken = try world.clicks().count
    #expect(taken > 0 && taken < 4_000)
    #expect(try world.ingestQueue().status == 0)
    #expect(try world.clicks() == Array(0..<4_000))
  }

  @Test func aGroupOfAFIFOQueueKeepsItsOrder() throws {
    let world = try ObjectWorld(fifo: true, visibility: 2)
    for number in 0..<4 {
      try world.put("clicks-\(number).jsonl", ObjectWorld.clicks(number * 10..<number * 10 + 10))
    }
    try world.send(world.notification("clicks-0.jsonl"), group: "a")
    try world.send(world.notification("clicks-late.jsonl"), group: "a")
    try world.send(world.notification("clicks-1.jsonl"), group: "a")
    try world.send(world.notification("clicks-2.jsonl"), group: "b")
    let first = try world.ingestQueue()
    #expect(first.status == 1)
    // Behind the object that is missing, its group waits; the other group does not.
    #expect(try world.clicks() == Array(0..<10) + Array(20..<30), "\(first.errors)")
    try world.put("clicks-late.jsonl", ObjectWorld.clicks(30..<40))
    usleep(2_100_000)
    let second = try world.ingestQueue()
    #expect(second.status == 0, "\(second.errors)")
    #expect(try world.clicks() == Array(0..<40))
    let late = second.errors.ranges(of: "clicks-late.jsonl, 10 records")
    let behind = second.errors.ranges(of: "clicks-1.jsonl, 10 records")
    #expect(late.count == 1 && behind.count == 1 && late[0].lowerBound < behind[0].lowerBound)
  }

  private func json(_ object: [String: String]) throws -> String {
    String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
  }
}
