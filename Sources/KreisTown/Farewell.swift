// SPDX-License-Identifier: EUPL-1.2

import KreisCore
package import KreisStore
import KreisTransport
import SwiftProtobuf

/// How a town leaves its realm.
package struct Farewell: Sendable {
  private let client: HubClient
  private let identity: Identity

  /// - Parameter identity: who leaves; the client signs as the same.
  package init(client: HubClient, identity: Identity) {
    self.client = client
    self.identity = identity
  }

  /// Has the hub close this town's logs, for good. Can be repeated.
  ///
  /// - Throws: `HubFailure` if the hub does not confirm it.
  package func say() async throws(HubFailure) {
    var request = WireGenerationRequest()
    request.member = identity.member.rawValue
    request.generation = identity.generation
    let answer = try await client.post(request, to: "/v1/farewell")
    guard let reply = try? WireGenerationReply(serializedBytes: answer.body),
      reply.generation == identity.generation
    else { throw .unavailable(reason: "the hub's answer makes no sense", retryAfterSeconds: nil) }
  }
}
