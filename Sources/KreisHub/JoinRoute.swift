// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisStore
import Logging
import NIOCore
import Synchronization

extension HubRoutes {
  func join(_ request: HubRequest) async throws -> Response {
    let origin = request.channel.remoteAddress?.ipAddress ?? ""
    if let wait = joins.withLock({ $0.take(origin, now: .now) }) {
      throw Problem.tooManyRequests(retryAfter: wait)
    }
    let bytes = try await request.body(upTo: 1_024)
    let wire = try request.message(
      WireJoinRequest.self, of: try request.content(bytes, limit: 1_024))
    let proof = Array(wire.proof)
    guard !wire.name.isEmpty, wire.name.utf8.count <= Invite.nameBytes,
      let key = VerifyingKey(wire.key),
      JoinProof.isSigned(proof, signature: Array(wire.signature), key: key)
    else {
      throw Problem.malformed(
        "The join request lacks a name or key, or is not signed by the key that it names.")
    }
    let (name, realm) = (wire.name, store.identity.realm)
    let result = try await store.join(
      name: name, key: key, holding: wire.generation, at: clock.now
    ) { secret in
      JoinProof.isValid(proof, secret: secret, realm: realm, name: name, key: key)
    }
    switch result {
    case .success(let member):
      logger.notice(
        "A town joined.", metadata: ["member": "\(member.id)", "name": "\(member.name)"])
      return try request.answer(reply(to: member))
    case .failure(let refusal):
      logger.warning("A join was refused.", metadata: ["reason": "\(refusal)"])
      throw Self.problem(refusal)
    }
  }

  private func reply(to member: Member) -> WireJoinReply {
    var reply = WireJoinReply()
    reply.member = member.id.rawValue
    reply.generation = member.generation
    reply.hub = store.identity.member.rawValue
    reply.title = member.title
    reply.ags = member.ags
    reply.kreis = store.identity.kreis
    return reply
  }

  private static func problem(_ refusal: JoinRefusal) -> Problem {
    let detail = "\(refusal)."
    return switch refusal {
    case .unknown: Problem(.forbidden, "invite-unknown", "There is no such invite", detail)
    case .expired: Problem(.forbidden, "invite-expired", "The invite has expired", detail)
    case .withdrawn:
      Problem(.forbidden, "invite-withdrawn", "The invite was withdrawn", detail)
    case .used: Problem(.forbidden, "invite-used", "The invite was used", detail)
    case .noNewKey: Problem(.forbidden, "invite-key", "The member gets no such key", detail)
    case .badProof: Problem(.forbidden, "invite-proof", "The proof does not fit", detail)
    }
  }
}
