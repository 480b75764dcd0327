// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// What a replica knows of itself and of the realm, as of one commit.
struct ReplicaState: Sendable {
  var identity: Identity {
    didSet { refold() }
  }
  /// The public half of the key that signs the own generation; `nil`: not known yet.
  var key: VerifyingKey? {
    didSet { refold() }
  }
  /// The hub generation whose feeds this replica holds; 0 before the first. Never falls (I2).
  var feedGeneration: UInt32
  /// At the hub: it collects from its members what it lost, and serves nobody.
  var isGathering: Bool
  /// At the hub: why it must not serve until its next generation is opened.
  var halted: String?
  private(set) var control: [ControlEntry]
  private(set) var membership: Membership
  /// Grows with every commit that changes any of this.
  fileprivate(set) var revision: Int64

  /// Takes new control entries into account.
  mutating func learn(_ entries: [ControlEntry]) {
    guard !entries.isEmpty else { return }
    control += entries
    refold()
  }

  /// Takes what the logs hold now in place of what was known.
  mutating func replaceControl(with entries: [ControlEntry]) {
    control = entries
    refold()
  }

  /// A town that was granted its next generation may write before the feed brings the grant, so its
  /// own key counts here at once.
  private mutating func refold() {
    membership = Membership(realm: identity.realm, control: control)
    guard identity.role == .town, let key else { return }
    membership = membership.including(
      key, of: identity.member, generation: identity.generation)
  }
}

extension ReplicaState {
  /// - Parameter onDamage: takes damages of control entries that would be thrown, for a repair.
  static func read(
    from db: Database, onDamage: ((Damage) -> Void)? = nil
  ) throws -> ReplicaState {
    let identity = try Identity.read(from: db)
    guard
      let row = try Row.fetchOne(
        db,
        sql: "SELECT key, feed_generation, gathering, halted, revision FROM replica")
    else { throw StoreError.stateUnknown("the database does not say whose replica it is") }
    var state = ReplicaState(
      identity: identity, key: try row.bytes(0).flatMap { VerifyingKey($0) },
      feedGeneration: try row.unsigned32(1), isGathering: try row.flag(2),
      halted: try row.textIfAny(3),
      control: try Ledger(db, in: identity.realm).control(onDamage: onDamage),
      membership: Membership(realm: identity.realm, control: []), revision: try row.integer(4))
    state.refold()
    return state
  }

  /// The revision that the database holds.
  static func revision(in db: Database) throws -> Int64 {
    try Int64.fetchOne(db.cachedStatement(sql: "SELECT revision FROM replica")) ?? 0
  }

  /// Whether anything but the revision is different.
  func differs(from other: ReplicaState) -> Bool {
    identity != other.identity || key != other.key || feedGeneration != other.feedGeneration
      || isGathering != other.isGathering || halted != other.halted || control != other.control
  }

  /// Writes what may change, under the next revision.
  mutating func save(in db: Database) throws {
    revision &+= 1
    try db.execute(
      sql: """
        UPDATE replica SET generation = ?, key = ?, feed_generation = ?, gathering = ?, halted = ?,
          revision = ?
        """,
      arguments: [
        Int64(identity.generation), key.map { Data($0.bytes) }, Int64(feedGeneration), isGathering,
        halted, revision,
      ])
  }
}
