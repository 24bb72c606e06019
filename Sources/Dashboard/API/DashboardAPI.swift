import Attribution
import Codec
import Glibc
import Reporting
import Service

/// `/api/…`: the numbers as JSON, from the sums that the report uses.
struct DashboardAPI: Sendable {
  let live: LiveBoard
  let conversions: (any ConversionSource)?
  /// Nil where attributions are not read.
  let newest: LiveConversions?
  /// The time of day, in milliseconds since the epoch.
  let now: @Sendable () -> Milliseconds

  private static let correctionLimit = 50

  func respond(to request: HTTPRequest) -> HTTPResponse {
    do {
      switch request.path {
      case "/api/status": return .json(status())
      case "/api/summary": return try answer(request, summary)
      case "/api/rollups": return try answer(request, rollups)
      case "/api/rollups.csv": return try spreadsheet(request)
      case "/api/conversions": return try answer(request, ConversionsAPI.list)
      case "/api/paths": return try answer(request, ConversionsAPI.paths)
      default:
        guard let identifier = request.segment(after: "/api/conversions/") else {
          return Self.failure(.notFound, "there is no such resource")
        }
        return try conversion(identifier, request.work)
      }
    } catch let error as APIError {
      return Self.failure(.badRequest, error.message)
    } catch is RequestWork.Interruption {
      return Self.failure(
        .gatewayTimeout, "not answered in time; ask for a shorter range or fewer groups, or later")
    } catch is ArchiveFailure {
      var response = Self.failure(
        .serviceUnavailable,
        "the history is being written or read again; ask again in a few seconds")
      response.headers[.retryAfter] = "2"
      return response
    } catch {
      return Self.failure(.internalServerError, "that did not work; the log says why")
    }
  }

  /// An answer from the board as it is now, or word that the client has it already.
  private func answer(
    _ request: HTTPRequest, besides other: UInt64 = 0,
    _ body: (HTTPRequest, RollupBoard) throws -> [UInt8]
  ) throws -> HTTPResponse {
    for _ in 0..<Self.attempts {
      let picture = live.picture
      let state = "\(Self.process) \(picture.generation) \(other)"
      let tag = EntityTag(of: "\(state) \(request.path)?\(request.rawQuery)".utf8)
      let headers: HTTPHeaders = [.cacheControl: "private, no-cache", .eTag: tag.description]
      do {
        return .json(request.has(tag) ? [] : try body(request, picture.board), headers: headers)
      } catch ArchiveFailure.changed {
        // The history was written meanwhile; the next picture is of what it holds now.
        try request.work.check()
        usleep(5_000)
      }
    }
    throw ArchiveFailure.changed
  }

  private static let attempts = 100

  /// As the other, from the newest conversions.
  private func answer(
    _ request: HTTPRequest,
    _ body: (ConversionsAPI) -> (
      HTTPRequest, RollupBoard, LiveConversions.Picture
    ) throws -> [UInt8]
  ) throws -> HTTPResponse {
    guard let newest else { return Self.failure(.notFound, "conversions are not served here") }
    let picture = newest.picture
    let api = ConversionsAPI(live: live, conversions: newest)
    return try answer(request, besides: picture.generation) { try body(api)($0, $1, picture) }
  }

  private func spreadsheet(_ request: HTTPRequest) throws -> HTTPResponse {
    var response = try answer(request) { request, board in
      let found = try rowsFound(request, board)
      return RollupsCSV(query: found.query, rows: found.rows, models: live.definitions.models).bytes
    }
    response.contentType = "text/csv; charset=utf-8"
    response.headers[.contentDisposition] = "attachment; filename=\"tributary.csv\""
    return response
  }

  /// Another one each time the program is started: generations begin anew.
  private static let process = UInt64.random(in: .min ... .max)

  /// How far the numbers have come, for the page's header and its event stream.
  func status() -> [UInt8] {
    live.read { board in
      var writer = JSONWriter()
      writer.object { append(statusOf: board, to: &$0) }
      return writer.bytes
    }
  }

  // MARK: Resources

  private func summary(_ request: HTTPRequest, _ board: RollupBoard) throws -> [UInt8] {
    let query = try query(of: request, board)
    let rows = try rows(
      of: RollupQuery(
        view: query.view.name, range: query.range, dimensions: [], filters: query.filters),
      board, request.work)
    let corrections = try board.corrections(
      of: query.view.name, in: query.range, filters: query.filters,
      limit: Self.correctionLimit)
    var writer = JSONWriter()
    writer.object { writer in
      writer.key("status")
      writer.object { append(statusOf: board, to: &$0) }
      append(query, board, to: &writer)
      writer.array("views", board.views) { append($1, board, to: &$0) }
      writer.array("known_models", live.definitions.models) { $0.value($1.rawValue) }
      writer.field(
        "open_windows", Int64(board.openWindowCount(of: query.view.name, in: query.range)))
      writer.key("total")
      if let row = rows.first {
        append(row, nil, query, board, to: &writer)
      } else {
        writer.value(nil as String?)
      }
      writer.array("corrections", corrections) { append($1, query, to: &$0) }
      let lost = board.lostInput(
        touching: query.range, correctionHorizon: live.definitions.correctionHorizon)
      writer.array("lost_input", lost) { $0.lostRange($1) }
    }
    return writer.bytes
  }

  /// The rows that a request asks for, ranked where the answer is cut or has one span.
  private func rowsFound(
    _ request: HTTPRequest, _ board: RollupBoard
  ) throws -> (query: APIQuery, spans: [Milliseconds], rows: [RollupRow]) {
    let query = try query(of: request, board)
    let spans = try query.spans()
    var rows = try rows(
      of: RollupQuery(
        view: query.view.name, range: query.range, spans: spans, dimensions: query.dimensions,
        filters: query.filters), board, request.work)
    if !query.filter.isEmpty {
      rows = rows.filter { row in
        row.dimensions.contains { $0.lowercased().contains(query.filter) }
      }
    }
    if query.unit == .all || rows.count > query.limit {
      rows = rows.ranked(by: query.sort, model: query.models.first ?? 0)
    } else {
      rows = rows.orderedByNames()
    }
    return (query, spans, rows)
  }

  private func rollups(_ request: HTTPRequest, _ board: RollupBoard) throws -> [UInt8] {
    let (query, spans, rows) = try rowsFound(request, board)
    let position = Dictionary(uniqueKeysWithValues: zip(spans, spans.indices))
    var writer = JSONWriter()
    writer.object { writer in
      append(query, board, to: &writer)
      writer.array("spans", spans.indices) { writer, index in
        let end = index + 1 < spans.count ? spans[index + 1] : query.range.upperBound
        writer.object { writer in
          writer.field("start", Time.formatSeconds(spans[index]))
          writer.field("local", query.calendar.text(spans[index]))
          writer.field("final", board.finalThrough.map { end <= $0 } ?? false)
        }
      }
      writer.field("row_count", Int64(rows.count))
      writer.array("rows", rows.prefix(query.limit)) { writer, row in
        append(row, position[row.start], query, board, to: &writer)
      }
    }
    return writer.bytes
  }

  /// Rows within the budget, as long as they are wanted.
  private func rows(
    of query: RollupQuery, _ board: RollupBoard, _ work: RequestWork
  ) throws -> [RollupRow] {
    try QueryBudget.check(board.cost(of: query))
    return try board.rows(query) { try work.check() }
  }

  private func query(of request: HTTPRequest, _ board: RollupBoard) throws -> APIQuery {
    try APIQuery(
      request.query, where: request.queryValues["where"] ?? [], board, live.definitions)
  }

  private func conversion(_ identifier: String, _ work: RequestWork) throws -> HTTPResponse {
    guard let conversions else { return Self.failure(.notFound, "conversions are not served here") }
    guard identifier.utf8.count <= 128,
      let explanation = try conversions.explanation(of: identifier, check: { try work.check() })
    else {
      return Self.failure(.notFound, "no such conversion was accepted")
    }
    return .json(Array(explanation.json.utf8))
  }

  static func failure(_ status: HTTPStatus, _ message: String) -> HTTPResponse {
    var writer = JSONWriter()
    writer.object { $0.field("error", message) }
    return .json(writer.bytes, status: status)
  }

  // MARK: Pieces

  private func append(statusOf board: RollupBoard, to writer: inout JSONWriter) {
    writer.field("data_through", board.watermark.map(Time.formatMilliseconds))
    writer.field("final_through", board.finalThrough.map(Time.formatMilliseconds))
    writer.field("behind_ms", board.watermark.map { now() - $0 })
    writer.field("rollups", Int64(board.count))
    writer.field("revisions", Int64(board.revisionCount))
    writer.field("corrections", Int64(board.correctionCount))
  }

  private func append(_ query: APIQuery, _ board: RollupBoard, to writer: inout JSONWriter) {
    writer.field("view", query.view.name)
    writer.field("currency", live.definitions.currency)
    writer.field("timezone", query.calendar.identifier)
    writer.field("from", Time.formatSeconds(query.range.lowerBound))
    writer.field("to", Time.formatSeconds(query.range.upperBound))
    writer.field("unit", query.unit.rawValue)
    writer.array("by", query.dimensions) { $0.value($1.rawValue) }
    writer.array("where", query.filters) { $0.value($1.description) }
    writer.array("models", query.models) { $0.value(live.definitions.models[$1].rawValue) }
  }

  private func append(_ view: View, _ board: RollupBoard, to writer: inout JSONWriter) {
    let extent = board.extent(of: view.name)
    writer.object { writer in
      writer.field("name", view.name)
      writer.array("dimensions", view.dimensions) { $0.value($1.rawValue) }
      writer.field("period_ms", view.periodMilliseconds)
      writer.field("from", (extent?.lowerBound).map(Time.formatSeconds))
      writer.field("to", (extent?.upperBound).map(Time.formatSeconds))
    }
  }

  private func append(
    _ row: RollupRow, _ span: Int?, _ query: APIQuery, _ board: RollupBoard,
    to writer: inout JSONWriter
  ) {
    writer.object { writer in
      if let span { writer.field("span", Int64(span)) }
      writer.key("dimensions")
      writer.object { writer in
        for (dimension, value) in zip(query.dimensions, row.dimensions) {
          writer.field(dimension.rawValue, value)
        }
      }
      writer.field("final", row.isFinal)
      writer.field("revision", row.revision)
      append(row, query, to: &writer)
      writer.key("before")
      if let before = row.before {
        var old = row
        old.sums = before
        writer.object { append(old, query, to: &$0) }
      } else {
        writer.value(nil as String?)
      }
    }
  }

  /// The measures of a row: those that are the same under every model, then model by model.
  private func append(_ row: RollupRow, _ query: APIQuery, to writer: inout JSONWriter) {
    for measure in Measure.allCases where !measure.dependsOnModel {
      writer.field(measure, row.value(of: measure, model: 0))
    }
    writer.key("models")
    writer.object { writer in
      for model in query.models {
        writer.key(live.definitions.models[model].rawValue)
        writer.object { writer in
          for measure in Measure.allCases where measure.dependsOnModel {
            writer.field(measure, row.value(of: measure, model: model))
          }
        }
      }
    }
  }

  private func append(
    _ correction: RollupCorrection, _ query: APIQuery, to writer: inout JSONWriter
  ) {
    func row(_ sums: RollupSums) -> RollupRow {
      RollupRow(
        start: correction.windowStart, dimensions: correction.dimensions, sums: sums, before: nil,
        rollupCount: 1, revision: correction.revision, isFinal: true)
    }
    writer.object { writer in
      writer.field("start", Time.formatSeconds(correction.windowStart))
      writer.field("local", query.calendar.text(correction.windowStart))
      writer.key("dimensions")
      writer.object { writer in
        for (dimension, value) in zip(query.view.dimensions, correction.dimensions) {
          writer.field(dimension.rawValue, value)
        }
      }
      writer.field("revision", correction.revision)
      writer.key("before")
      writer.object { append(row(correction.before), query, to: &$0) }
      writer.key("after")
      writer.object { append(row(correction.after), query, to: &$0) }
    }
  }
}

extension JSONWriter {
  /// A count as a number, everything else as a decimal string; null where there is no value.
  fileprivate mutating func field(_ measure: Measure, _ value: MicrosSum?) {
    field(measure.rawValue, value, of: measure.unit)
  }
}
