// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import NIOCore
import Synchronization

/// A request as it came in. Its content is read once, and only when a route asks for it: what is not
/// signed by a member costs the hub no memory.
final class HubRequest: Sendable {
  let method: HTTPRequest.Method
  /// As sent, percent-encoded.
  let path: String
  /// As sent, without the question mark; empty if absent.
  let query: String
  let fields: HTTPFields
  /// The connection, or with HTTP/2 the stream, that the request came on.
  let channel: any Channel
  /// Closes the channel when the request takes too long.
  private let deadline: Scheduled<Void>
  private let content: RequestBody
  private let isContentTaken = Mutex(false)

  /// Bytes of content beyond what was wanted that are read and dropped for the sake of the answer: a
  /// client that is still sending would not see it otherwise.
  private static let drain = 16 << 20

  init(_ request: Request, on channel: any Channel, deadline: Scheduled<Void>) {
    let target = request.head.path ?? "/"
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    method = request.method
    path = parts.first.map(String.init) ?? "/"
    query = parts.count > 1 ? String(parts[1]) : ""
    fields = request.headers
    content = request.body
    self.channel = channel
    self.deadline = deadline
  }

  /// The whole content as it travelled.
  ///
  /// - Throws: `Problem.tooLarge`, after the client finished sending; or what reading throws when
  ///   the connection breaks.
  func body(upTo limit: Int) async throws -> [UInt8] {
    guard takeContent() else { return [] }
    var bytes: [UInt8] = []
    var count = 0
    for try await piece in content {
      count += piece.readableBytes
      guard count <= limit + Self.drain else { throw RequestAborted() }
      if count <= limit { bytes.append(contentsOf: piece.readableBytesView) }
    }
    guard count <= limit else { throw Problem.tooLarge(limit: limit) }
    return bytes
  }

  /// Reads what no route asked for, so that the connection can go on.
  func discardBody() async throws {
    guard takeContent() else { return }
    var count = 0
    for try await piece in content {
      count += piece.readableBytes
      guard count <= Self.drain else { throw RequestAborted() }
    }
  }

  /// For an answer that may go on without end.
  func liftDeadline() { deadline.cancel() }

  private func takeContent() -> Bool {
    isContentTaken.withLock { taken in
      defer { taken = true }
      return !taken
    }
  }
}

/// The connection is to be dropped without an answer.
struct RequestAborted: Error {}
