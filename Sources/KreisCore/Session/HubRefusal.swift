// SPDX-License-Identifier: EUPL-1.2

/// A hub's refusal as it travels (RFC 9457), and what it means to a town's session. The same for a
/// daemon and for a simulator.
package struct HubRefusal: Hashable, Sendable {
  /// HTTP's.
  package let status: Int
  /// The end of the type `urn:kreisnetz:problem:NAME`.
  package let name: String
  /// For people.
  package let reason: String
  package let retryAfterSeconds: UInt64?

  package init(status: Int, name: String, reason: String, retryAfterSeconds: UInt64?) {
    self.status = status
    self.name = name
    self.reason = reason
    self.retryAfterSeconds = retryAfterSeconds
  }

  /// The names that a session tells from all others.
  package enum Name {
    package static let closedGeneration = "closed-generation"
    package static let closedLog = "closed-log"
    package static let feedContradiction = "feed-contradiction"
    package static let gathering = "gathering"
    package static let hubRestored = "hub-restored"
    package static let otherInstance = "other-instance"
    package static let revoked = "revoked"
    package static let statement = "statement"
    package static let unknownKey = "unknown-key"
  }

  /// Whether the same request may succeed later, without anybody's doing at the town.
  package var isPassing: Bool {
    [401, 408, 425, 429].contains(status) || status >= 500
  }
}

extension TownSession.PushResult {
  package init(_ refusal: HubRefusal) {
    switch refusal.name {
    case HubRefusal.Name.closedGeneration, HubRefusal.Name.closedLog: self = .closed
    case HubRefusal.Name.gathering, HubRefusal.Name.revoked:
      // It knows too little to refuse a log for good; and a hub that was set back may have forgotten
      // the revocation.
      self = .unavailable(
        reason: refusal.reason, retryAfterSeconds: refusal.retryAfterSeconds)
    case HubRefusal.Name.otherInstance:
      // The feed's alarm says what to do.
      self = .unavailable(reason: refusal.reason, retryAfterSeconds: 15)
    case _ where refusal.isPassing:
      self = .unavailable(
        reason: refusal.reason, retryAfterSeconds: refusal.retryAfterSeconds)
    default: self = .refused(reason: refusal.reason)
    }
  }
}

extension TownSession.StreamEnd {
  /// - Parameter generation: the key generation that asked.
  package init(_ refusal: HubRefusal, askedBy generation: UInt32) {
    switch refusal.name {
    case HubRefusal.Name.feedContradiction: self = .contradicted(reason: refusal.reason)
    case HubRefusal.Name.otherInstance: self = .otherInstance(reason: refusal.reason)
    case HubRefusal.Name.closedGeneration: self = .closed(generation: generation)
    case HubRefusal.Name.revoked: self = .untrusted(reason: refusal.reason)
    // A hub that was lost may have lost the entry that admitted this key as well: offered its own
    // public logs, it has it back.
    case HubRefusal.Name.gathering, HubRefusal.Name.unknownKey:
      self = .gathering(reason: refusal.reason, retryAfterSeconds: refusal.retryAfterSeconds)
    default:
      self = .unavailable(
        reason: refusal.reason, retryAfterSeconds: refusal.retryAfterSeconds)
    }
  }

  package init(_ error: ChunkError) {
    switch error {
    case .hubKnowsMore(let signed): self = .behind(signed.log)
    default: self = .untrusted(reason: error.description)
    }
  }
}

extension TownSession.OpenResult {
  package init(_ refusal: HubRefusal) {
    switch refusal.name {
    case HubRefusal.Name.otherInstance: self = .otherInstance(reason: refusal.reason)
    case HubRefusal.Name.gathering, HubRefusal.Name.unknownKey:
      self = .gathering(
        reason: refusal.reason, retryAfterSeconds: refusal.retryAfterSeconds)
    case _ where refusal.isPassing:
      self = .unavailable(
        reason: refusal.reason, retryAfterSeconds: refusal.retryAfterSeconds)
    default: self = .refused(reason: refusal.reason)
    }
  }
}
