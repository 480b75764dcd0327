// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisTransport
import SwiftProtobuf

/// What a town asks its hub for to repair itself.
extension HubClient {
  /// Entries of a log from `first` on; `nil` if the hub does not hold them.
  ///
  /// - Throws: `HubFailure`.
  func bundle(of log: LogID, from first: UInt64) async throws -> UnverifiedBundle? {
    let path = "/v1/bundles/\(log.member)/\(log.generation)/\(log.scope)"
    guard let body = try await content(of: path, query: "from=\(first)") else { return nil }
    return try readable { try UnverifiedBundle(WireBundle(serializedBytes: body)) }
  }

  /// The hub's head of a feed at `position`; `nil` if the feed does not reach it.
  ///
  /// - Throws: `HubFailure`.
  func feedHead(of scope: Scope, at position: UInt64) async throws -> FeedHead? {
    guard let body = try await content(of: "/v1/feed/\(scope)/\(position)", query: "") else {
      return nil
    }
    return try readable { try FeedHead(WireFeedHead(serializedBytes: body)) }
  }

  private func content(of path: String, query: String) async throws(HubFailure) -> [UInt8]? {
    do { return try await get(path, query: query).body } catch {
      guard case .refused(let refusal) = error, refusal.name == "no-such-entry" else { throw error }
      return nil
    }
  }

  private func readable<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch {
      throw HubFailure.unavailable(
        reason: "the hub's answer cannot be read: \(error)", retryAfterSeconds: nil)
    }
  }
}
