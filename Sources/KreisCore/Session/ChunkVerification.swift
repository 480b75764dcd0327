// SPDX-License-Identifier: EUPL-1.2

/// An item of a feed chunk, as received.
package struct FeedItem: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    case bundle(UnverifiedBundle)
    /// The receiver's own bundle, which it should hold already.
    case held(SignedHead)
  }

  package let scope: Scope
  package let position: UInt64
  package let content: Content

  package init(scope: Scope, position: UInt64, content: Content) {
    self.scope = scope
    self.position = position
    self.content = content
  }
}

/// A feed chunk, as received: nothing about it is proven yet.
package struct UnverifiedChunk: Hashable, Sendable {
  package let items: [FeedItem]
  package let heads: [FeedHead]
  package let isComplete: Bool

  package init(items: [FeedItem], heads: [FeedHead], isComplete: Bool) {
    self.items = items
    self.heads = heads
    self.isComplete = isComplete
  }
}

/// Why a feed chunk was not believed.
package enum ChunkError: Error, Hashable, CustomStringConvertible {
  /// Items do not continue the feed where it ends here.
  case notContinuing(Scope, expected: UInt64, found: UInt64)
  /// The hub's signed head is not what its own items hash to, or contradicts what it signed before.
  case contradiction(FeedHead, computed: FeedPosition)
  case badHubSignature(Scope)
  /// A scope without its signed head.
  case missingHead(Scope)
  case notEntitled(Scope)
  /// The hub holds more of this replica's own log than the replica: it was restored or cloned.
  case hubKnowsMore(SignedHead)
  /// The feed names, without its entries, a head that this replica does not hold.
  case lacking(SignedHead)
  case bundle(LogID, BundleError)
  case unsigned(LogID)
  /// The hub signed with a generation that was replaced: it was rolled back, or somebody has its old
  /// key.
  case olderGeneration(seen: UInt32, found: UInt32)
  /// Feeds of a newer generation of the hub: they are to be followed from their beginnings.
  case newGeneration(UInt32)

  package var description: String {
    switch self {
    case .notContinuing(let scope, let expected, let found):
      "the feed of \(scope) continues at position \(found), but \(expected) comes next"
    case .contradiction(let head, let computed):
      "the hub signed a head of \(head.scope) at position \(head.at.position) that its feed does "
        + "not hash to (\(computed.hash) computed, \(head.at.hash) signed)"
    case .badHubSignature(let scope): "the feed head of \(scope) is not signed by the hub's key"
    case .missingHead(let scope): "items of \(scope) came without a signed head"
    case .notEntitled(let scope): "the hub sent the scope \(scope), which this member may not read"
    case .hubKnowsMore(let head):
      "the hub holds entry \(head.head.sequence) of this replica's own log \(head.log), which the "
        + "replica does not hold: it was restored from a backup or cloned"
    case .lacking(let head):
      "the feed names entry \(head.head.sequence) of the log \(head.log), which this replica does "
        + "not hold and which did not come with it"
    case .bundle(let log, let error): "log \(log): \(error)"
    case .unsigned(let log): "log \(log): its last bundle is not signed"
    case .olderGeneration(let seen, let found):
      "the hub answers with its generation \(found), but this replica has seen generation \(seen): "
        + "the hub was rolled back, or it is not the hub"
    case .newGeneration(let generation):
      "the hub opened its generation \(generation), whose feeds start anew"
    }
  }
}

/// A chunk whose chains, signatures and feed hashes hold (I2).
package struct VerifiedChunk: Sendable {
  package struct Item: Hashable, Sendable {
    package let scope: Scope
    package let position: FeedPosition
    package let log: LogID
    package let head: LogHead
    /// The entries not held before.
    package let entries: [ChainedEntry]
    /// The author's over `head`, verified; `nil` where a later item's covers this one.
    package internal(set) var signature: [UInt8]?
  }

  package let items: [Item]
  /// Logs of which held entries, from this sequence on, contradict the feed: they never were in it,
  /// and are to be set aside before the items are taken.
  package let forks: [LogID: UInt64]
  package let feedHeads: [FeedHead]
  /// All control entries, held and new; `nil` if there is nothing new.
  package let control: [ControlEntry]?
  package let membership: Membership
  /// The hub generation whose feeds these are.
  package let hubGeneration: UInt32
  /// Whether these are the beginnings of a new hub generation's feeds, which take the place of all
  /// that is held.
  package let startsAnew: Bool
  package let isComplete: Bool
}
