// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisStore
import Logging

extension HubRoutes {
  private static let generationBytes = 1_024

  /// What a member asks about its key generations, signed by a key of its own that may be closed.
  func ofGeneration(
    _ request: HubRequest, under membership: Membership
  ) async throws -> (caller: Caller, message: WireGenerationRequest) {
    let caller = try authenticator.authenticate(request, under: membership, orClosed: true)
    let bytes = try await request.body(of: caller, upTo: Self.generationBytes)
    let content = try request.content(bytes, limit: Self.generationBytes)
    return (caller, try request.message(WireGenerationRequest.self, of: content))
  }

  /// Opens the caller's next key generation: asked for by the key that is the latest now, or once
  /// more by the same new key.
  func openGeneration(_ request: HubRequest) async throws -> Response {
    let membership = store.membership
    let (caller, wire) = try await ofGeneration(request, under: membership)
    guard let member = membership.members[caller.member], wire.member == caller.member.rawValue,
      let key = VerifyingKey(wire.key),
      GenerationProof.isValid(
        Array(wire.signatureByNew), realm: membership.realm, member: caller.member,
        generation: wire.generation, key: key)
    else {
      throw Problem.malformed(
        "The request for a key generation is of another member, or not signed by the key it names.")
    }
    if member.keys[wire.generation] != key {
      try Authenticator.checkOpen(caller.member, caller.generation, membership)
      try instances.check(request, of: caller)
    }
    let result = try await store.grant(
      caller.member, generation: wire.generation, key: key, at: clock.now)
    switch result {
    case .success:
      logger.notice(
        "A key generation was opened.",
        metadata: ["member": "\(caller.member)", "generation": "\(wire.generation)"])
      var reply = WireGenerationReply()
      reply.generation = wire.generation
      return try request.answer(reply)
    case .failure(let refusal):
      logger.warning("A key generation was refused.", metadata: ["reason": "\(refusal)"])
      throw Problem(
        .forbidden, "generation", "The key generation is not opened", "The hub refuses: \(refusal)."
      )
    }
  }
}
