// SPDX-License-Identifier: EUPL-1.2

import CCurl
import Synchronization

/// Requests to one hub over HTTPS, on libcurl.
///
/// All transfers run on one thread that the transport owns: a curl handle belongs to one thread.
/// Requests share connections (HTTP/2 or HTTP/1.1 with keep-alive). Each stream has an HTTP/1.1
/// connection of its own: a paused HTTP/2 stream would hold up the requests that share its
/// connection, while TCP slows down exactly one sender.
package final class CurlTransport: Transport {
  private let mailbox: CurlMailbox
  private let nextID = Atomic<UInt>(1)

  /// Starts the transport's thread; nothing is sent yet.
  ///
  /// - Throws: `TransportError.misconfigured` when curl cannot be used on this machine.
  package init(endpoint: HubEndpoint) throws(TransportError) {
    guard Self.globalInit == CURLE_OK, let multi = curl_multi_init() else {
      throw .misconfigured("libcurl could not be initialised. Check its installation.")
    }
    mailbox = CurlMailbox(multi: multi)
    guard CurlThread.start(CurlThread.Start(mailbox: mailbox, endpoint: endpoint)) else {
      curl_multi_cleanup(multi)
      throw .misconfigured("No thread could be started. Check the process's limits.")
    }
  }

  deinit {
    mailbox.close()
  }

  /// Ends what is under way with `.cancelled`, waits until the thread has ended, and refuses
  /// everything later.
  package func shutdown() async {
    await mailbox.closeAndWait()
  }

  package func send(_ request: ClientRequest) async throws(TransportError) -> ClientResponse {
    try await submit(request) { .whole($0) }
  }

  package func open(_ request: ClientRequest) async throws(TransportError) -> StreamingResponse {
    let opened = try await submit(request) { .stream($0) }
    let pipe = opened.pipe
    // The stream keeps the transport, whose end would be the stream's.
    return StreamingResponse(
      status: opened.status, fields: opened.fields,
      next: { [self] () async throws(TransportError) in
        defer { withExtendedLifetime(self) {} }
        return try await pipe.next()
      },
      cancel: { pipe.cancel() })
  }

  /// Hands a request to the thread and waits for the answer that it resumes.
  private func submit<Value: Sendable>(
    _ request: ClientRequest,
    _ answer: (CheckedContinuation<Result<Value, TransportError>, Never>) -> CurlJob.Answer
  ) async throws(TransportError) -> Value {
    let id = nextID.add(1, ordering: .relaxed).oldValue
    let cancellation = CurlJob.Cancellation()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let job = CurlJob(
          id: id, request: request, cancellation: cancellation, answer: answer(continuation))
        if !mailbox.post(.start(job)) {
          job.refuse(.cancelled)
        }
      }
    } onCancel: {
      // The flag first: when the cancel overtakes the start, the start sees the flag.
      cancellation.request()
      _ = mailbox.post(.cancel(id))
    }
    return try result.get()
  }

  /// Must be done once, before any thread uses curl.
  private static let globalInit = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

  static var isReady: Bool { globalInit == CURLE_OK }
}
