import Files
import Logging

/// The objects whose keys begin alike, and where reports about objects go.
struct ObjectFolder: FileStore {
  /// Bytes of a key: S3's limit is 1,024.
  private static let longestKey = 1_000
  /// Of the keys of reports.
  private static let ending = ".report.txt"

  /// nil where objects come by notifications.
  let prefix: ObjectPrefix?
  let client: ObjectClient
  /// nil for no reports.
  let reports: ObjectPrefix?
  let logger: Logger

  func list(_ body: (IncomingFile) throws -> Void) throws {
    guard let prefix else { return }
    var token: String?
    repeat {
      let page = try client.list(prefix, token: token)
      for entry in page.entries where isWanted(entry, prefix) {
        let object = ObjectName(bucket: prefix.bucket, key: entry.key)
        try body(file(object, etag: entry.etag))
      }
      token = page.next
    } while token != nil
  }

  func file(_ object: ObjectName, etag: String?) -> IncomingFile {
    IncomingFile(
      path: "\(object)", folder: "s3://\(object.bucket)",
      content: StoredObject(object, etag: etag, client))
  }

  /// Markers of folders, hidden names, files that are not complete, and our own reports are not for taking.
  private func isWanted(_ entry: ObjectListing.Entry, _ prefix: ObjectPrefix) -> Bool {
    guard let name = entry.key.split(separator: "/", omittingEmptySubsequences: false).last,
      !name.isEmpty, !FileFinder.isIgnored(String(name))
    else { return false }
    return !isReport(ObjectName(bucket: prefix.bucket, key: entry.key))
  }

  /// Whether an object is a report of ours, which the bucket may notify us of as of any other object.
  func isReport(_ object: ObjectName) -> Bool {
    guard let reports, reports.bucket == object.bucket else { return false }
    return object.key.hasPrefix(ObjectFolder.folder(reports))
      && object.key.hasSuffix(ObjectFolder.ending)
  }

  // MARK: Reports

  func setAside(
    _ file: IncomingFile, _ report: RejectionReport, as outcome: FileOutcome
  ) throws -> FilePlace {
    let wasTaken = outcome == .taken || outcome == .known
    guard let object = (file.content as? StoredObject)?.object,
      wasTaken ? report.faultCount > 0 : outcome != .postponed,
      // A report about a report would be one too much, and not the last one.
      !object.key.hasSuffix(ObjectFolder.ending)
    else { return FilePlace() }
    let name = "\(object.bucket)/\(object.key)"
    return FilePlace(report: write(report.text(wasTaken: wasTaken), of: name))
  }

  /// Writes a report; returns where it is, nil when it could not be written or nobody wants one.
  func write(_ text: String, of name: String) -> String? {
    guard let reports else { return nil }
    var key = ObjectFolder.folder(reports) + name
    if key.utf8.count > ObjectFolder.longestKey {
      let hash = SHA256()
      Array(name.utf8).withUnsafeBytes { hash.add($0) }
      key = ObjectFolder.folder(reports) + hash.finish().map { String($0, radix: 16) }.joined()
    }
    let report = ObjectName(bucket: reports.bucket, key: key + ObjectFolder.ending)
    do { try client.put(report, Array(text.utf8)) } catch {
      logger.warning("the report \(report) cannot be written: \(error)")
      return nil
    }
    return "\(report)"
  }

  /// A prefix as a folder.
  private static func folder(_ prefix: ObjectPrefix) -> String {
    prefix.prefix.isEmpty || prefix.prefix.hasSuffix("/") ? prefix.prefix : prefix.prefix + "/"
  }
}
