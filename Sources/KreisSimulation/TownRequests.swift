// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisTransport
import SwiftProtobuf

/// A town's requests on their way to the hub, and the answers on their way back.
extension TownNode {
  /// Takes a request that an action waits for to the hub.
  func carry<T>(
    _ wish: Errands.Wish, for errand: Errand<T>, _ action: TownSession.Action,
    _ process: Process
  ) throws {
    guard case .send(let sent, let reply) = wish, try runs(process.number) else {
      return try errand.go { wish.fail(.cancelled) }
    }
    let bundle = try look(at: sent, action)
    let hub = network.hub(for: index)
    let hubInstance = hub.instance
    let number = world.wait { try errand.go { wish.fail(.cancelled) } }
    network.send(Request(sent), from: index) { [self] answer in
      guard world.endWait(number) else { return }
      guard try runs(process.number), !(try isStruck()) else {
        return try errand.go { wish.fail(.cancelled) }
      }
      switch answer {
      case .failed(let reason):
        try errand.go {
          reply.resume(
            returning: .failure(.connectionLost(host: "hub.example.org", reason: reason)))
        }
      case .response(let response):
        if response.status == 200, let bundle, !hub.isOther, hub.instance == hubInstance,
          (try? WirePushReply(serializedBytes: response.body).position > 0) == true
        {
          world.journal.notePushed(bundle.log, through: bundle.last)
        }
        try errand.go { reply.resume(returning: .success(response.wire)) }
      }
    }
  }

  /// Looks at what is about to leave.
  ///
  /// - Returns: the bundle of its own that an author pushes.
  private func look(
    at request: ClientRequest, _ action: TownSession.Action
  ) throws -> UnverifiedBundle? {
    noteRequest()
    let request = Request(request)
    guard let content = request.content else { return nil }
    PrivacyChecker.checkSent(content, by: index, world)
    guard case .push = action else { return nil }
    let bundle = try UnverifiedBundle(WireBundle(serializedBytes: content))
    ChainChecker.sent(bundle, by: self)
    return bundle
  }
}
