// SPDX-License-Identifier: EUPL-1.2

/// An answer that goes on: its status and fields, then its content piece by piece.
///
/// It has one reader. Dropping the last reference cancels it.
package final class StreamingResponse: Sendable {
  package let status: Int
  package let fields: HeaderFields

  private let nextPiece: @Sendable () async throws(TransportError) -> [UInt8]?
  private let end: @Sendable () -> Void

  /// Makes an answer from what yields its pieces.
  ///
  /// - Parameters:
  ///   - next: Waits for the next piece; nil after the last. Ends with `.cancelled` when the task
  ///     is cancelled or after `cancel`.
  ///   - cancel: Ends the transfer; called at least once, maybe after its end, from any thread.
  package init(
    status: Int, fields: HeaderFields,
    next: @escaping @Sendable () async throws(TransportError) -> [UInt8]?,
    cancel: @escaping @Sendable () -> Void
  ) {
    self.status = status
    self.fields = fields
    nextPiece = next
    end = cancel
  }

  deinit {
    end()
  }

  /// Waits for the next bytes of the content, never empty; nil after the last.
  ///
  /// The sender is slowed down to the pace of these calls: little is read ahead. Cancelling the
  /// task cancels the transfer.
  ///
  /// - Throws: `TransportError` when the answer broke off; every later call throws it again.
  package func next() async throws(TransportError) -> [UInt8]? {
    try await nextPiece()
  }

  /// Ends the transfer. A reader that waits gets `TransportError.cancelled`.
  package func cancel() {
    end()
  }
}
