// SPDX-License-Identifier: EUPL-1.2

import Synchronization

/// A transport whose way to the hub can be changed. What is under way goes on over the old one.
package final class ReplaceableTransport: Transport {
  private let current: Mutex<any Transport>

  package init(_ transport: any Transport) { current = Mutex(transport) }

  /// Requests that begin from now on take `transport`.
  package func replace(with transport: any Transport) { current.withLock { $0 = transport } }

  package func send(_ request: ClientRequest) async throws(TransportError) -> ClientResponse {
    try await current.withLock { $0 }.send(request)
  }

  package func open(_ request: ClientRequest) async throws(TransportError) -> StreamingResponse {
    try await current.withLock { $0 }.open(request)
  }
}
