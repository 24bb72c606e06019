import Service

/// The files of the page, built into the program.
struct PageFile {
  let contentType: String
  let bytes: [UInt8]

  var response: HTTPResponse {
    HTTPResponse(
      contentType: contentType, body: .bytes(bytes), headers: ["cache-control": "no-cache"])
  }

  /// The file at a path; these few paths are all there are.
  static func named(_ path: String) -> PageFile? {
    switch path {
    case "/":
      PageFile(contentType: "text/html; charset=utf-8", bytes: PackageResources.index_html)
    case "/page.css":
      PageFile(contentType: "text/css; charset=utf-8", bytes: PackageResources.page_css)
    case "/page.js": script(PackageResources.page_js)
    case "/api.js": script(PackageResources.api_js)
    case "/chart.js": script(PackageResources.chart_js)
    case "/elements.js": script(PackageResources.elements_js)
    case "/explain.js": script(PackageResources.explain_js)
    case "/state.js": script(PackageResources.state_js)
    case "/table.js": script(PackageResources.table_js)
    case "/totals.js": script(PackageResources.totals_js)
    case "/openapi.json":
      PageFile(contentType: "application/json", bytes: PackageResources.openapi_json)
    default: nil
    }
  }

  /// A module of the page's script.
  private static func script(_ bytes: [UInt8]) -> PageFile {
    PageFile(contentType: "text/javascript; charset=utf-8", bytes: bytes)
  }
}
