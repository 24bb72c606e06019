// Safety: owns one multi handle and the easy handle of every request under way; a handle's context is
// its transfer, which `transfers` keeps alive for as long. One thread uses a client.

internal import CCurl

/// An asynchronous HTTP client over libcurl: requests are started, and their results collected.
///
/// Redirects are not followed, so that headers with secrets go nowhere else. Certificates are
/// verified. Nothing that fails says more of a request than libcurl's name of the failure.
package final class HTTPClient {
  private let limits: HTTPLimits
  private let multi: UnsafeMutableRawPointer
  private var transfers: [UnsafeMutableRawPointer: HTTPTransfer] = [:]

  /// Once per process, before anything else of libcurl's.
  private static let isSetUp = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  package init(_ limits: HTTPLimits, connections: Int) throws(HTTPFailure) {
    guard Self.isSetUp, let multi = curl_multi_init() else {
      throw .lasting("libcurl cannot be started")
    }
    self.multi = multi
    self.limits = limits
    _ = tributary_curl_set_multi_long(multi, CURLMOPT_MAXCONNECTS, connections)
  }

  deinit {
    for (handle, _) in transfers {
      curl_multi_remove_handle(multi, handle)
      curl_easy_cleanup(handle)
    }
    curl_multi_cleanup(multi)
  }

  /// How many requests are under way.
  package var count: Int { transfers.count }

  /// Begins a request; `wait` returns its result with the same number.
  package func start(_ request: HTTPRequest, number: Int) throws(HTTPFailure) {
    let transfer = HTTPTransfer(request, number: number, limit: limits.answerSize)
    guard let handle = curl_easy_init() else { throw .lasting("libcurl has no memory") }
    var codes: [CURLcode] = []
    func set(_ option: CURLoption, _ value: Int) {
      codes.append(tributary_curl_set_long(handle, option, value))
    }
    codes.append(tributary_curl_set_text(handle, CURLOPT_URL, request.url))
    codes.append(tributary_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"))
    if request.acceptsPacked {
      codes.append(tributary_curl_set_text(handle, CURLOPT_ACCEPT_ENCODING, ""))
    }
    if request.isDirect { codes.append(tributary_curl_set_text(handle, CURLOPT_NOPROXY, "*")) }
    if let signature = request.signature { codes += Self.sign(handle, signature) }
    codes.append(tributary_curl_set_text(handle, CURLOPT_USERAGENT, "tributary"))
    if let authorities = limits.authorities {
      codes.append(tributary_curl_set_text(handle, CURLOPT_CAINFO, authorities))
    }
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    set(CURLOPT_CONNECTTIMEOUT_MS, limits.connectTimeout)
    set(CURLOPT_TIMEOUT_MS, limits.timeout)
    if let body = request.body {
      set(CURLOPT_POST, 1)
      set(CURLOPT_POSTFIELDSIZE, body.count)
      codes.append(
        tributary_curl_set_pointer(handle, CURLOPT_POSTFIELDS, transfer.body.baseAddress))
    }
    if let method = request.method {
      codes.append(tributary_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, method))
    }
    codes.append(
      tributary_curl_set_pointer(
        handle, CURLOPT_HTTPHEADER, UnsafeMutableRawPointer(transfer.headers)))
    codes.append(
      tributary_curl_set_write(handle) { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
      })
    codes.append(
      tributary_curl_set_pointer(
        handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(transfer).toOpaque()))
    if let code = codes.first(where: { $0 != CURLE_OK }) {
      curl_easy_cleanup(handle)
      throw .lasting(Self.text(code))
    }
    transfers[handle] = transfer
    guard curl_multi_add_handle(multi, handle) == CURLM_OK else {
      transfers[handle] = nil
      curl_easy_cleanup(handle)
      throw .lasting("libcurl does not take the request")
    }
  }

  /// Has libcurl sign the request. Paths are signed and sent as they are: dots in them are part of a name.
  private static func sign(
    _ handle: UnsafeMutableRawPointer, _ signature: HTTPSignature
  ) -> [CURLcode] {
    let provider = "aws:amz:\(signature.region):\(signature.service)"
    return [
      tributary_curl_set_text(handle, CURLOPT_AWS_SIGV4, provider),
      tributary_curl_set_text(handle, CURLOPT_USERNAME, signature.accessKey),
      tributary_curl_set_text(handle, CURLOPT_PASSWORD, signature.secret),
      tributary_curl_set_long(handle, CURLOPT_PATH_AS_IS, 1),
    ]
  }

  /// Ends a `wait` that is under way, from any thread, as long as the client is there.
  package var waker: @Sendable () -> Void {
    let multi = Waker(multi: multi)
    return { curl_multi_wakeup(multi.multi) }
  }

  /// `@unchecked Sendable`: libcurl allows the one call that is made with it on any thread.
  private struct Waker: @unchecked Sendable { let multi: UnsafeMutableRawPointer }

  /// Works on all requests until one is done, or for `milliseconds`; returns those that are done.
  package func wait(milliseconds: Int) -> [(number: Int, result: Result<HTTPAnswer, HTTPFailure>)] {
    var running: Int32 = 0
    curl_multi_perform(multi, &running)
    var done = collect()
    guard done.isEmpty else { return done }
    curl_multi_poll(multi, nil, 0, Int32(milliseconds), nil)
    curl_multi_perform(multi, &running)
    done = collect()
    return done
  }

  private func collect() -> [(number: Int, result: Result<HTTPAnswer, HTTPFailure>)] {
    var done: [(number: Int, result: Result<HTTPAnswer, HTTPFailure>)] = []
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
        let transfer = transfers.removeValue(forKey: handle)
      else { continue }
      done.append((transfer.number, result(of: handle, transfer, message.pointee.data.result)))
      curl_multi_remove_handle(multi, handle)
      curl_easy_cleanup(handle)
    }
    return done
  }

  private func result(
    of handle: UnsafeMutableRawPointer, _ transfer: HTTPTransfer, _ code: CURLcode
  ) -> Result<HTTPAnswer, HTTPFailure> {
    if transfer.isTooLarge { return .failure(.tooLarge(limits.answerSize)) }
    guard code == CURLE_OK else {
      return .failure(
        Self.isLasting(code) ? .lasting(Self.text(code)) : .passing(Self.text(code)))
    }
    var status = 0
    _ = tributary_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    var pause: curl_off_t = 0
    _ = tributary_curl_get_offset(handle, CURLINFO_RETRY_AFTER, &pause)
    return .success(
      HTTPAnswer(
        status: status, retryAfter: pause > 0 ? Int64(pause) : nil, body: transfer.answer,
        headers: Self.headers(transfer.wantedHeaders, of: handle)))
  }

  private static func headers(
    _ names: [String], of handle: UnsafeMutableRawPointer
  ) -> [String: String] {
    var found: [String: String] = [:]
    for name in names {
      var header: UnsafeMutablePointer<curl_header>?
      guard curl_easy_header(handle, name, 0, UInt32(CURLH_HEADER), -1, &header) == CURLHE_OK,
        let value = header?.pointee.value
      else { continue }
      found[name] = String(cString: value)
    }
    return found
  }

  /// Failures that another attempt meets again.
  private static func isLasting(_ code: CURLcode) -> Bool {
    [
      CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_PEER_FAILED_VERIFICATION,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_FAILED_INIT, CURLE_NOT_BUILT_IN, CURLE_OUT_OF_MEMORY,
      CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION,
    ].contains { $0 == code }
  }

  /// libcurl's name of the failure, which holds nothing of the request.
  private static func text(_ code: CURLcode) -> String {
    switch code {
    case CURLE_OPERATION_TIMEDOUT: "no answer in time"
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR:
      "the connection was cut (\(String(cString: curl_easy_strerror(code))))"
    default: String(cString: curl_easy_strerror(code))
    }
  }
}

/// A request under way: what is sent, lent to libcurl, and what has come.
private final class HTTPTransfer {
  let number: Int
  let body: UnsafeMutableRawBufferPointer
  private(set) var headers: UnsafeMutablePointer<curl_slist>?
  private(set) var answer: [UInt8] = []
  private(set) var isTooLarge = false
  let wantedHeaders: [String]
  private let limit: Int

  init(_ request: HTTPRequest, number: Int, limit: Int) {
    self.number = number
    self.limit = limit
    wantedHeaders = request.wantedHeaders
    let bytes = request.body ?? []
    body = .allocate(byteCount: max(1, bytes.count), alignment: 1)
    body.copyBytes(from: bytes)
    // Without `Expect`, libcurl does not wait for a permission to send a large body. libcurl would sign the header that
    // it then leaves out.
    let more = request.signature == nil ? [("Expect", "")] : []
    for (name, value) in request.headers + more {
      headers = curl_slist_append(headers, "\(name): \(value)")
    }
  }

  deinit {
    body.deallocate()
    curl_slist_free_all(headers)
  }

  /// Returns how much was taken; anything else than all ends the transfer.
  func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard answer.count + bytes.count <= limit else {
      isTooLarge = true
      return 0
    }
    answer.append(contentsOf: bytes)
    return bytes.count
  }
}
