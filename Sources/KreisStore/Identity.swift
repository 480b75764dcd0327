// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// Who a replica is, and the key with which it signs.
package struct Signer: Sendable {
  package let identity: Identity
  package let key: SigningKey
}

/// Who a replica is.
package struct Identity: Hashable, Sendable {
  package enum Role: String, Sendable { case hub, town }

  package let role: Role
  package let realm: RealmID
  package let member: MemberID
  /// Of its key. Grows with every recovery.
  package internal(set) var generation: UInt32
  /// The short name, as in invites.
  package let name: String
  /// The name for people.
  package let title: String
  package let ags: String
  /// The title of the Kreis.
  package let kreis: String
  package let hubURL: String
  /// SHA-256 of the hub's SubjectPublicKeyInfo; `nil` where certificate authorities vouch for it.
  package let hubPin: [UInt8]?

  package init(
    role: Role, realm: RealmID, member: MemberID, generation: UInt32, name: String,
    title: String, ags: String, kreis: String, hubURL: String, hubPin: [UInt8]?
  ) {
    self.role = role
    self.realm = realm
    self.member = member
    self.generation = generation
    self.name = name
    self.title = title
    self.ags = ags
    self.kreis = kreis
    self.hubURL = hubURL
    self.hubPin = hubPin
  }

  /// Whether this is a replica of a training realm.
  package var isTraining: Bool { TrainingRealm.isMarked(kreis) }

  /// This replica's log of `scope`.
  package func log(_ scope: Scope) -> LogID {
    LogID(member: member, generation: generation, scope: scope)
  }
}

extension Identity {
  func insert(into db: Database, key: VerifyingKey) throws {
    try db.execute(
      sql: """
        INSERT INTO replica
          (id, role, realm, member, generation, name, title, ags, kreis, hub_url, hub_pin, key,
           feed_generation)
        VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        role.rawValue, Data(realm.bytes), Int64(member.rawValue), Int64(generation), name, title,
        ags, kreis, hubURL, hubPin.map { Data($0) }, Data(key.bytes),
        role == .hub ? Int64(generation) : 0,
      ])
  }

  static func read(from db: Database) throws -> Identity {
    guard
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT role, realm, member, generation, name, title, ags, kreis, hub_url, hub_pin
          FROM replica
          """), let role = Role(rawValue: try row.text(0)),
      let realm = try row.bytes(1).flatMap({ RealmID($0) })
    else { throw StoreError.stateUnknown("the database does not say whose replica it is") }
    return Identity(
      role: role, realm: realm, member: try row.member(2), generation: try row.unsigned32(3),
      name: try row.text(4), title: try row.text(5), ags: try row.text(6), kreis: try row.text(7),
      hubURL: try row.text(8), hubPin: try row.bytes(9))
  }
}
