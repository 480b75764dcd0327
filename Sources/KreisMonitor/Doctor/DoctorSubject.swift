// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisInterchange
package import KreisStore

/// Which hub the network is tested to, and as whom.
package struct DoctorSubject: Sendable {
  /// `nil` before the town joined.
  package var role: Identity.Role?
  package var hubURL: String
  /// SHA-256 of the hub's TLS key; `nil`: authorities vouch for it, or it is not known.
  package var pin: [UInt8]?
  /// `nil` where only the URL is known: then it cannot be told whether the right hub answers.
  package var realm: RealmID?
  package var hubGeneration: UInt32 = 0
  /// The hub's statement of its TLS keys, as it was kept.
  package var namedKeys: [UInt8]?

  package init(hubURL: String) { self.hubURL = hubURL }

  /// What an invite says about its hub.
  package init(_ invite: Invite) {
    self.init(hubURL: invite.url)
    realm = invite.realm
    pin = invite.pin
  }

  /// The hub of the replica in a state directory.
  ///
  /// - Throws: `StoreError`.
  package init(_ directory: StateDirectory) throws(StoreError) {
    let identity = try Store.identity(at: directory.database)
    self.init(hubURL: identity.hubURL)
    role = identity.role
    pin = identity.hubPin
    realm = identity.realm
    namedKeys = (try? directory.readSecret(StateDirectory.namedKeys)) ?? nil
    if let store = try? Store.openReadOnly(at: directory.database) {
      hubGeneration = store.membership.hubGeneration
    }
  }

  /// Nothing of it is secret.
  package var json: JSONValue {
    [
      "role": role.map { .string($0.rawValue) } ?? .null, "hub_url": .string(hubURL),
      "hub_pin": pin.map { .string(Hex.encode($0)) } ?? .null,
      "realm": realm.map { .string(Hex.encode($0.bytes)) } ?? .null,
      "hub_generation": .integer(Int(hubGeneration)),
      "named_keys": namedKeys.map { .string(Hex.encode($0)) } ?? .null,
    ]
  }

  /// `nil` for what `json` did not make.
  package init?(_ json: JSONValue) {
    func bytes(_ name: String) -> [UInt8]? { json[name]?.text.flatMap { Hex.decode($0) } }
    guard let url = json["hub_url"]?.text else { return nil }
    self.init(hubURL: url)
    role = json["role"]?.text.flatMap { Identity.Role(rawValue: $0) }
    pin = bytes("hub_pin")
    realm = bytes("realm").flatMap { RealmID($0) }
    hubGeneration = json["hub_generation"]?.unsigned.flatMap { UInt32(exactly: $0) } ?? 0
    namedKeys = bytes("named_keys")
  }
}
