// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf

/// Fetches what a chunk of a renewed hub's feed names by its head alone and is missing here.
struct ChunkCompletion: Sendable {
  let client: HubClient
  let store: Store

  /// The chunk with the missing bundles.
  ///
  /// - Throws: `HubFailure`, `StoreError`; `MalformedBytes` if the hub sends something else.
  func complete(_ chunk: UnverifiedChunk) async throws -> UnverifiedChunk {
    var bundles: [Int: UnverifiedBundle] = [:]
    for part in try await store.missing(in: chunk) {
      // The reader's own head tells whether it was restored or cloned, so it must be seen as one.
      if part.log == store.identity.log(part.log.scope) { continue }
      bundles[part.item] = try await fetch(part)
    }
    return bundles.isEmpty ? chunk : chunk.filled(with: bundles)
  }

  private func fetch(_ part: MissingStretch) async throws -> UnverifiedBundle {
    let scope = part.log.scope.description.replacing(":", with: "%3A")
    let answer = try await client.get(
      "/v1/bundles/\(part.log.member)/\(part.log.generation)/\(scope)", query: "from=\(part.first)")
    guard let wire = try? WireBundle(serializedBytes: answer.body) else {
      throw HubFailure.unavailable(
        reason: "the hub's bundle cannot be read", retryAfterSeconds: nil)
    }
    let bundle = try UnverifiedBundle(wire)
    guard bundle.log == part.log, bundle.first == part.first, bundle.last == part.last else {
      throw MalformedBytes("another stretch of \(part.log) than was asked for")
    }
    return bundle
  }
}
