import Service

/// The files of the page, built into the program. These few paths are all there are.
struct PageFiles: Sendable {
  private let files: [String: HTTPResponse]

  /// - Parameter basePath: what stands before the page's address; empty for nothing.
  init(basePath: String) {
    let page = String(decoding: PackageResources.index_html, as: UTF8.self)
      .replacing("=\"/", with: "=\"\(basePath)/")
    var files = [
      "/": Self.file("text/html; charset=utf-8", Array(page.utf8)),
      "/page.css": Self.file("text/css; charset=utf-8", PackageResources.page_css),
      "/openapi.json": Self.file("application/json", PackageResources.openapi_json),
    ]
    for (name, bytes) in Self.scripts {
      files["/\(name).js"] = Self.file("text/javascript; charset=utf-8", bytes)
    }
    self.files = files
  }

  /// The modules of the page's script.
  private static let scripts = [
    "actions": PackageResources.actions_js,
    "api": PackageResources.api_js,
    "chart": PackageResources.chart_js,
    "controls": PackageResources.controls_js,
    "download": PackageResources.download_js,
    "drill": PackageResources.drill_js,
    "elements": PackageResources.elements_js,
    "explain": PackageResources.explain_js,
    "format": PackageResources.format_js,
    "journeys": PackageResources.journeys_js,
    "legend": PackageResources.legend_js,
    "news": PackageResources.news_js,
    "news-worker": PackageResources.news_worker_js,
    "note": PackageResources.note_js,
    "page": PackageResources.page_js,
    "panels": PackageResources.panels_js,
    "patch": PackageResources.patch_js,
    "questions": PackageResources.questions_js,
    "search": PackageResources.search_js,
    "spark": PackageResources.spark_js,
    "state": PackageResources.state_js,
    "status": PackageResources.status_js,
    "stream": PackageResources.stream_js,
    "table": PackageResources.table_js,
    "totals": PackageResources.totals_js,
    "views": PackageResources.views_js,
  ]

  func file(at path: String) -> HTTPResponse? { files[path] }

  private static func file(_ contentType: String, _ bytes: [UInt8]) -> HTTPResponse {
    HTTPResponse(
      contentType: contentType, body: .bytes(bytes),
      headers: [.cacheControl: "no-cache", .eTag: EntityTag(of: bytes).description],
      compressed: Gzip.compress(bytes))
  }
}
