// SPDX-License-Identifier: EUPL-1.2

import Crypto
package import KreisCore

/// A realm whose keys everybody knows, so that fuzzed content can be signed and gets past the
/// signatures.
package enum FuzzRealm {
  private static func key(_ number: UInt8) -> SigningKey {
    // Any 32 bytes are a private key of Ed25519.
    guard let key = try? SigningKey(rawRepresentation: [UInt8](repeating: number, count: 32)) else {
      preconditionFailure("32 bytes are a key")
    }
    return key
  }

  package static let rootKey = key(1)
  package static let hubKey = key(2)
  package static let townKey = key(3)
  package static let realm = required(RealmID(VerifyingKey(of: rootKey).bytes))
  package static let hub = required(MemberID(0xaaaa))
  package static let town = required(MemberID(0xbbbb))

  package static let control: [Control] = {
    let certificate = try? RootCertificate(
      certifying: VerifyingKey(of: hubKey), of: hub, generation: 1, closing: [],
      title: "Musterkreis", ags: "05999", with: rootKey)
    return [
      .root(required(certificate)),
      .memberAdded(
        town, name: "a-stadt", title: "A-Stadt", ags: "05999004", key: VerifyingKey(of: townKey)),
    ]
  }()

  package static let membership = Membership(
    realm: realm,
    control: control.enumerated().map {
      ControlEntry(hubGeneration: 1, sequence: UInt64($0.offset) + 1, control: $0.element)
    })

  private static func required<T>(_ value: T?) -> T {
    guard let value else { preconditionFailure("a constant of the fuzzed realm is not valid") }
    return value
  }
}

/// A replica that holds nothing yet.
struct NothingHeld: HeldLogs {
  func head(of log: LogID) -> LogHead? { nil }
  func hash(of log: LogID, at sequence: UInt64) -> Hash256? { nil }
  func fed(_ log: LogID) -> UInt64 { 0 }
  func branchHeads(of log: LogID) -> [LogHead] { [] }
  func certificatesAside(of generation: UInt32) -> [RootCertificate] { [] }
  func feedEnd(of scope: Scope) -> FeedPosition? { nil }
  func feedGeneration() -> UInt32 { 0 }
  func feedHash(of scope: Scope, at position: UInt64) -> Hash256? { nil }
}
