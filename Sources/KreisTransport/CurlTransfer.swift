// SPDX-License-Identifier: EUPL-1.2

import CCurl

/// One request under way; lives on the transport's thread.
final class CurlTransfer {
  /// Header fields of an answer, all lines together.
  static let maximumHeaderBytes = 64 << 10

  let easy: UnsafeMutableRawPointer

  private let id: UInt
  private let host: String
  private let mailbox: CurlMailbox
  private let deadlines: Deadlines
  private let idle: Duration
  private let maximumResponseBytes: Int
  private let options: CurlOptions

  /// Nil once resumed.
  private var answer: CurlJob.Answer?
  private var pipe: StreamPipe?

  private var status = 0
  private var fields = HeaderFields()
  private var headerBytes = 0
  private var hasHeader = false
  private var body: [UInt8] = []
  /// Why a callback ended the transfer; curl only knows that it did.
  private var refusal: TransportError?

  private let started = ContinuousClock.now
  private var lastActivity = ContinuousClock.now
  private var bytesMoved = 0
  private var isConnected = false
  private var isPaused = false

  /// Prepares a transfer; the caller hands `easy` to curl.
  ///
  /// - Throws: `TransportError.misconfigured` when the request or the endpoint cannot be used.
  init(_ job: CurlJob, endpoint: HubEndpoint, mailbox: CurlMailbox) throws(TransportError) {
    var isStream = false
    if case .stream = job.answer { isStream = true }
    let isAlone = isStream && !job.request.isFinite
    options = try CurlOptions(job.request, to: endpoint, isStream: isAlone)
    easy = options.easy
    id = job.id
    host = endpoint.host
    self.mailbox = mailbox
    deadlines = job.request.deadlines
    idle = job.request.deadlines.idle ?? .seconds(isStream ? 50 : 30)
    maximumResponseBytes = job.request.maximumResponseBytes
    answer = job.answer
    ccurl_set_tag(easy, id)
    var callbacks = Self.callbacks
    // The thread keeps the transfer alive for as long as curl has the handle.
    try CurlOptions.check(
      ccurl_set_callbacks(easy, &callbacks, Unmanaged.passUnretained(self).toOpaque()))
  }

  /// Resumes whoever waits. Called once, after curl let go of the handle.
  func finish(_ error: TransportError?) {
    pipe?.finish(error)
    switch answer.take() {
    case .whole(let continuation):
      continuation.resume(
        returning: error.map { .failure($0) }
          ?? .success(ClientResponse(status: status, fields: fields, body: body)))
    case .stream(let continuation):
      continuation.resume(
        returning: .failure(
          error ?? .connectionLost(host: host, reason: "the answer ended before it began")))
    case nil:
      break
    }
  }

  func resume() {
    isPaused = false
    lastActivity = .now
    curl_easy_pause(easy, CURLPAUSE_CONT)
  }

  func failure(_ code: CURLcode) -> TransportError {
    refusal
      ?? CurlFailure(
        code: code, easy: easy, text: options.errorText, host: host, connect: deadlines.connect,
        limit: hasHeader ? maximumResponseBytes : Self.maximumHeaderBytes
      ).error
  }

  // MARK: Deadlines

  /// The next moment at which the transfer is given up. Until it is connected, curl's own deadline
  /// counts, which knows about several addresses of a host.
  func nextDeadline() -> (TransportError.Deadline, ContinuousClock.Instant)? {
    let whole = deadlines.whole.map { started + $0 }
    let silent = isConnected && !isPaused ? lastActivity + idle : nil
    if let silent, whole.map({ silent < $0 }) ?? true { return (.idle, silent) }
    return whole.map { (.whole, $0) }
  }

  func timedOut(_ deadline: TransportError.Deadline) -> TransportError {
    let after =
      switch deadline {
      case .connect: deadlines.connect
      case .idle: idle
      case .whole: deadlines.whole ?? idle
      }
    return .timedOut(deadline, after: after, host: host)
  }

  // MARK: What curl calls

  private static let callbacks = ccurl_callbacks(
    ready: { context, _, _, _, _ in
      CurlTransfer.at(context)?.ready()
      return 0
    },
    header: { bytes, _, count, context in
      let line = UnsafeRawBufferPointer(start: bytes, count: count)
      return CurlTransfer.at(context)?.receive(headerLine: line) == true ? count : 0
    },
    body: { bytes, _, count, context in
      let piece = UnsafeRawBufferPointer(start: bytes, count: count)
      return CurlTransfer.at(context)?.receive(piece: piece) ?? 0
    },
    progress: { context, _, down, _, up in
      CurlTransfer.at(context)?.progressed(to: Int(down &+ up))
      return 0
    })

  private static func at(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
    context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
  }

  private func ready() {
    isConnected = true
    lastActivity = .now
  }

  private func progressed(to bytes: Int) {
    guard bytes != bytesMoved else { return }
    bytesMoved = bytes
    lastActivity = .now
  }

  /// Takes a header line; false ends the transfer.
  ///
  /// A status line starts a new header: interim answers (1xx) precede the final one. Lines after
  /// the content are trailers, which nothing here uses.
  private func receive(headerLine line: UnsafeRawBufferPointer) -> Bool {
    lastActivity = .now
    guard !hasHeader else { return true }
    headerBytes += line.count
    guard headerBytes <= Self.maximumHeaderBytes else {
      refusal = .responseTooLarge(host: host, limit: Self.maximumHeaderBytes)
      return false
    }
    let text = line.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
    if text.starts(with: "HTTP/".utf8) {
      fields = HeaderFields()
    } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
      fields.append(
        String(decoding: text[..<colon], as: UTF8.self),
        String(decoding: text[(colon + 1)...].trimmingBlanks(), as: UTF8.self))
    } else if text.isEmpty {
      headerEnded()
    }
    return true
  }

  private func headerEnded() {
    var code = 0
    ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &code)
    guard code >= 200 else { return }
    status = code
    hasHeader = true
    if case .stream(let continuation) = answer {
      answer = nil
      let pipe = StreamPipe(id: id, mailbox: mailbox)
      self.pipe = pipe
      continuation.resume(
        returning: .success(CurlJob.OpenedStream(status: status, fields: fields, pipe: pipe)))
    } else if let length = fields["content-length"].flatMap({ Int($0) }), length > 0 {
      body.reserveCapacity(min(length, maximumResponseBytes))
    }
  }

  private func receive(piece: UnsafeRawBufferPointer) -> Int {
    lastActivity = .now
    if let pipe {
      switch pipe.offer(piece) {
      case .taken: return piece.count
      case .full:
        isPaused = true
        return Int(CURL_WRITEFUNC_PAUSE)
      case .closed:
        refusal = .cancelled
        return 0
      }
    }
    guard piece.count <= maximumResponseBytes - body.count else {
      refusal = .responseTooLarge(host: host, limit: maximumResponseBytes)
      return 0
    }
    body.append(contentsOf: piece)
    return piece.count
  }
}

extension Slice<UnsafeRawBufferPointer> {
  fileprivate func trimmingBlanks() -> Self {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    let start = drop(while: isBlank)
    return start.lastIndex { !isBlank($0) }.map { start[...$0] } ?? start
  }
}
