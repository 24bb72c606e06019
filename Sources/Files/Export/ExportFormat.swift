/// How the files of an export are written.
public enum ExportFormat: String, CaseIterable, Sendable {
  case csv, jsonl
}
