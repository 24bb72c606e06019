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
    case "/page.js":
      PageFile(contentType: "text/javascript; charset=utf-8", bytes: PackageResources.page_js)
    case "/openapi.json":
      PageFile(contentType: "application/json", bytes: PackageResources.openapi_json)
    default: nil
    }
  }
}
