// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisStore
import Logging

extension HubRoutes {
  /// Ends the caller's own membership, as an admin's revocation would. A repetition, whose key is
  /// closed by then, gets the same answer.
  func farewell(_ request: HubRequest) async throws -> Response {
    let membership = store.membership
    let (caller, wire) = try await ofGeneration(request, under: membership)
    guard let member = membership.members[caller.member],
      wire.member == caller.member.rawValue, wire.generation == caller.generation
    else { throw Problem.malformed("The farewell is of another member than its signature.") }
    if !member.isRevoked {
      try Authenticator.checkOpen(caller.member, caller.generation, membership)
      try instances.check(request, of: caller)
    }
    if try await store.release(caller.member, at: clock.now) {
      logger.notice(
        "A town left.", metadata: ["member": "\(member.id)", "name": "\(member.name)"])
    }
    var reply = WireGenerationReply()
    reply.generation = caller.generation
    return try request.answer(reply)
  }
}
