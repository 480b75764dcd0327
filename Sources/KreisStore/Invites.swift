// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// What the hub's admin may know of an invite: all but its secret.
package struct InviteOverview: Sendable {
  package enum State: String, Sendable { case open, used, expired, withdrawn }

  package let name: String
  package let title: String
  package let ags: String
  package let state: State
  /// Seconds since 1970.
  package let createdAt: UInt64
  /// Seconds since 1970.
  package let expiresAt: UInt64
  /// Who joined with it; of an unused one, the member that lost its key and is to get the next.
  package let member: MemberID?
}

extension Snapshot {
  /// The latest invite of each name, by name.
  ///
  /// - Parameter now: seconds since 1970.
  package func invites(at now: UInt64) throws -> [InviteOverview] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT name, title, ags, length(secret), created_at, expires_at, used_by IS NOT NULL, member
        FROM invite ORDER BY name
        """
    ).map { row in
      let expiresAt = try row.unsigned(5)
      let state: InviteOverview.State =
        if try row.integer(6) != 0 { .used } else if try row.integer(3) == 0 { .withdrawn } else {
          now < expiresAt ? .open : .expired
        }
      return InviteOverview(
        name: try row.text(0), title: try row.text(1), ags: try row.text(2), state: state,
        createdAt: try row.unsigned(4), expiresAt: expiresAt,
        member: row.hasNull(atIndex: 7) ? nil : try row.member(7))
    }
  }
}

extension Store {
  /// Makes an invite useless for whoever has it: its secret is destroyed.
  ///
  /// - Throws: `StoreError.rejected` if there is none of this name, or somebody joined with it.
  package func withdrawInvite(named name: String) throws(StoreError) {
    try blockingWrite { transaction in
      guard let invite = try transaction.storedInvite(named: name) else {
        throw StoreError.rejected("there is no invite for '\(name)'; see: kreisnetz hub invites")
      }
      guard invite.usedBy == nil else {
        throw StoreError.rejected(
          "'\(name)' has joined with the invite; to end the membership: kreisnetz hub revoke \(name)"
        )
      }
      try transaction.db.execute(
        sql: "UPDATE invite SET secret = x'' WHERE name = ?", arguments: [name])
    }
  }

  /// Makes an invite again for the town that an earlier one was for, which was not used; that one is
  /// of no use any more.
  ///
  /// - Throws: `StoreError.rejected` if there is no such invite.
  package func reissueInvite(
    name: String, lifetime: UInt64 = inviteLifetime, at now: UInt64, secret: [UInt8]
  ) throws(StoreError) -> Invite {
    let earlier = try blockingRead { try $0.invites(at: now) }.first { $0.name == name }
    guard let earlier, earlier.state != .used else {
      let isMember = membership.members.values.contains { $0.name == name }
      throw .rejected(
        isMember
          ? "'\(name)' is a member already; if it lost its key: kreisnetz hub invite --member \(name)"
          : "There is no earlier invite for '\(name)'; name the town with --title and --ags.")
    }
    if earlier.member != nil {
      return try inviteAgain(name: name, lifetime: lifetime, at: now, secret: secret)
    }
    return try invite(
      name: name, title: earlier.title, ags: earlier.ags, lifetime: lifetime, at: now,
      secret: secret)
  }
}

extension Transaction {
  func storedInvite(named name: String) throws -> StoredInvite? {
    try Row.fetchOne(
      db,
      sql: """
        SELECT name, title, ags, secret, expires_at, used_by, member FROM invite WHERE name = ?
        """, arguments: [name]
    ).map { row in
      StoredInvite(
        name: try row.text(0), title: try row.text(1), ags: try row.text(2),
        secret: try row.bytes(3) ?? [], expiresAt: try row.unsigned(4), usedBy: try row.bytes(5),
        member: row.hasNull(atIndex: 6) ? nil : try row.member(6))
    }
  }
}
