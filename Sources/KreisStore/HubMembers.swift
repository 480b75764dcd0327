// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// An invite that the hub keeps: the secret proves the joining town.
package struct StoredInvite: Sendable {
  package let name: String
  package let title: String
  package let ags: String
  package let secret: [UInt8]
  package let expiresAt: UInt64
  /// The key that joined with it.
  package let usedBy: [UInt8]?
  /// Who joined with it; of an unused one, the member that lost its key and is to get the next.
  package let member: MemberID?
  /// A withdrawn invite has no secret any more.
  package var isWithdrawn: Bool { secret.isEmpty }

  package init(
    name: String, title: String, ags: String, secret: [UInt8], expiresAt: UInt64,
    usedBy: [UInt8]? = nil, member: MemberID? = nil
  ) {
    self.name = name
    self.title = title
    self.ags = ags
    self.secret = secret
    self.expiresAt = expiresAt
    self.usedBy = usedBy
    self.member = member
  }
}

/// Why nobody joins with this invite.
package enum JoinRefusal: Error, Hashable, CustomStringConvertible, Sendable {
  case unknown(name: String)
  case expired(name: String)
  case used(name: String)
  case withdrawn(name: String)
  case badProof(name: String)
  /// The invite names a member that lost its key, and the hub does not give it this one.
  case noNewKey(name: String, GrantRefusal)

  package var description: String {
    switch self {
    case .unknown(let name): "there is no invite for '\(name)'; ask the hub for one"
    case .expired(let name): "the invite for '\(name)' has expired; ask the hub for a new one"
    case .used(let name):
      "the invite for '\(name)' was used by another key; ask the hub for a new one"
    case .withdrawn(let name):
      "the hub withdrew the invite for '\(name)'; ask the hub for a new one"
    case .badProof(let name):
      "the proof does not fit the invite for '\(name)': the invite is of another town, was replaced "
        + "by a newer one, or is damaged"
    case .noNewKey(let name, let refusal): "'\(name)' gets no new key: \(refusal)"
    }
  }
}

extension Store {
  /// Keeps an invite; one of the same name that nobody used yet is replaced.
  ///
  /// - Throws: `StoreError.rejected` if the name is another member's than the invite is for.
  package func saveInvite(_ invite: StoredInvite, at now: UInt64) throws(StoreError) {
    try blockingWrite { transaction in
      let holder = transaction.membership.members.values.first { $0.name == invite.name }
      guard holder?.id == invite.member else {
        throw StoreError.rejected("'\(invite.name)' is a member already")
      }
      try transaction.db.execute(
        sql: """
          INSERT OR REPLACE INTO invite (name, title, ags, secret, created_at, expires_at, member)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          invite.name, invite.title, invite.ags, Data(invite.secret), Int64(now),
          Int64(invite.expiresAt), invite.member.map { Int64($0.rawValue) },
        ])
    }
  }

  /// Lets a town join: assigns its member id and announces its first key in the public log; of a
  /// member that lost its key, opens its next key generation. A retry with the same key gets the same
  /// answer.
  ///
  /// - Parameters:
  ///   - held: the key generation of the replica that joins again; 0 where there is none. A hub that
  ///     was lost may have granted it, which nobody else knows.
  ///   - isProven: whether the request's proof fits this secret.
  package func join(
    name: String, key: VerifyingKey, holding held: UInt32 = 0, at now: UInt64,
    isProven: @escaping @Sendable (_ secret: [UInt8]) -> Bool
  ) async throws(StoreError) -> Result<Member, JoinRefusal> {
    try await write { transaction in
      guard let invite = try transaction.storedInvite(named: name) else {
        return .failure(.unknown(name: name))
      }
      // Its secret is gone, so there is nothing that a proof could fit.
      guard !invite.isWithdrawn else { return .failure(.withdrawn(name: name)) }
      guard isProven(invite.secret) else { return .failure(.badProof(name: name)) }
      if let usedBy = invite.usedBy {
        guard usedBy == key.bytes, let id = invite.member,
          let member = transaction.membership.members[id]
        else { return .failure(.used(name: name)) }
        return .success(member)
      }
      guard now < invite.expiresAt else { return .failure(.expired(name: name)) }
      let id: MemberID
      if let known = invite.member {
        id = known
        if case .failure(let refusal) = try transaction.grantAnew(
          id, after: held, key: key, at: now)
        {
          return .failure(.noNewKey(name: name, refusal))
        }
      } else {
        id = transaction.newMemberID()
        try transaction.append(
          .memberAdded(id, name: name, title: invite.title, ags: invite.ags, key: key), at: now)
      }
      try transaction.db.execute(
        sql: "UPDATE invite SET used_by = ?, member = ? WHERE name = ?",
        arguments: [Data(key.bytes), Int64(id.rawValue), name])
      guard let member = transaction.membership.members[id] else {
        throw StoreError.stateUnknown("a member that was added is not there")
      }
      return .success(member)
    }
  }
}

/// What a member last stated about one scope.
package struct StoredStatement: Sendable {
  package let member: MemberID
  package let scope: Scope
  package let position: UInt64
  /// Seconds since 1970, by the member's clock.
  package let at: UInt64
  package let software: String
  package let statement: [UInt8]
  package let signature: [UInt8]

  package init(
    member: MemberID, scope: Scope, position: UInt64, at: UInt64, software: String,
    statement: [UInt8], signature: [UInt8]
  ) {
    self.member = member
    self.scope = scope
    self.position = position
    self.at = at
    self.software = software
    self.statement = statement
    self.signature = signature
  }

  package init(_ signed: SignedStatement) {
    let statement = signed.statement
    self.init(
      member: statement.member, scope: statement.head.scope,
      position: statement.head.at.position, at: statement.at, software: statement.software,
      statement: signed.message, signature: signed.signature)
  }
}

extension Store {
  /// Keeps the latest statement per member and scope.
  package func saveStatements(_ statements: [StoredStatement]) async throws(StoreError) {
    guard !statements.isEmpty else { return }
    try await write { transaction in
      for statement in statements {
        let columns = statement.scope.columns
        try transaction.db.cachedStatement(
          sql: """
            INSERT INTO statement
              (member, scope, town, position, at, software, statement, signature)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET position = excluded.position, at = excluded.at,
              software = excluded.software, statement = excluded.statement,
              signature = excluded.signature
            WHERE (excluded.position, excluded.at) >= (position, at)
            """
        ).execute(arguments: [
          Int64(statement.member.rawValue), columns.kind, columns.town, Int64(statement.position),
          Int64(statement.at), statement.software, Data(statement.statement),
          Data(statement.signature),
        ])
      }
    }
  }
}

extension Snapshot {
  /// The latest statements about scopes that `reader` may read.
  package func statements(for reader: MemberID) throws -> [StoredStatement] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT member, scope, town, position, at, software, statement, signature FROM statement
        ORDER BY member, scope, town
        """)
    return try rows.compactMap { row in
      let scope = try row.scope(1)
      guard membership.mayRead(reader, scope) else { return nil }
      return StoredStatement(
        member: try row.member(0), scope: scope, position: try row.unsigned(3),
        at: try row.unsigned(4), software: try row.text(5), statement: try row.bytes(6) ?? [],
        signature: try row.bytes(7) ?? [])
    }
  }

  /// Where the feed of each scope stands that `reader` may read.
  package func feedEnds(for reader: MemberID) throws -> [Scope: FeedPosition] {
    var out: [Scope: FeedPosition] = [:]
    for scope in membership.readableScopes(of: reader) {
      out[scope] = try ledger.feedEnd(of: scope)
    }
    return out
  }
}
