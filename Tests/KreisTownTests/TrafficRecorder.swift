// SPDX-License-Identifier: EUPL-1.2

import KreisTransport
import Synchronization

/// Everything that passes between one town and its hub, inside the TLS.
final class TrafficRecorder: Sendable {
  private let traffic = Mutex<(sent: [UInt8], received: [UInt8])>(([], []))

  var sent: [UInt8] { traffic.withLock { $0.sent } }
  var received: [UInt8] { traffic.withLock { $0.received } }

  func noteSent(_ bytes: [UInt8]) { traffic.withLock { $0.sent += bytes } }
  func noteReceived(_ bytes: [UInt8]) { traffic.withLock { $0.received += bytes } }
}

/// Passes everything on, and keeps it.
struct RecordingTransport: Transport {
  let base: CurlTransport
  let recorder: TrafficRecorder

  private func note(_ request: ClientRequest) {
    let fields = request.fields.all.map { "\($0.name): \($0.value)\r\n" }.joined()
    recorder.noteSent(Array("\(request.path)\r\n\(fields)".utf8) + request.body)
  }

  private func note(_ fields: HeaderFields) {
    recorder.noteReceived(
      Array(fields.all.map { "\($0.name): \($0.value)\r\n" }.joined().utf8))
  }

  func send(_ request: ClientRequest) async throws(TransportError) -> ClientResponse {
    note(request)
    let response = try await base.send(request)
    note(response.fields)
    recorder.noteReceived(response.body)
    return response
  }

  func open(_ request: ClientRequest) async throws(TransportError) -> StreamingResponse {
    note(request)
    let response = try await base.open(request)
    note(response.fields)
    return StreamingResponse(
      status: response.status, fields: response.fields,
      next: { [recorder] () async throws(TransportError) in
        let piece = try await response.next()
        if let piece { recorder.noteReceived(piece) }
        return piece
      }, cancel: { response.cancel() })
  }
}
