// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import Testing

@Suite struct TLSNoticeTests {
  private let root = SigningKey()
  private let hubKey = SigningKey()
  private var realm: RealmID { RealmID(VerifyingKey(of: root).bytes)! }
  private let keys = [Hash256(of: [1]), Hash256(of: [2])]

  private func certificate(
    of key: SigningKey, generation: UInt32 = 1, by root: SigningKey? = nil
  ) throws -> RootCertificate {
    try RootCertificate(
      certifying: VerifyingKey(of: key), of: MemberID(1)!, generation: generation, closing: [],
      title: "Kreis", ags: "05962", with: root ?? self.root)
  }

  private func notice(generation: UInt32 = 1, at: UInt64 = 100, keys: [Hash256]? = nil) -> TLSNotice
  {
    TLSNotice(realm: realm, generation: generation, at: at, keys: keys ?? self.keys)
  }

  @Test func `The hub's key with its certificate makes one, and so does the root key`() throws {
    let byHub = try notice().signed(with: hubKey, certificate: certificate(of: hubKey))
    #expect(try TLSNotice(verifying: byHub, in: realm) == notice())
    let byRoot = try notice(generation: 0).signed(with: root, certificate: nil)
    #expect(try TLSNotice(verifying: byRoot, in: realm) == notice(generation: 0))
  }

  @Test func `Nobody else makes one`() throws {
    let thief = SigningKey()
    let forged = [
      try notice().signed(with: thief, certificate: certificate(of: hubKey)),
      try notice().signed(with: thief, certificate: certificate(of: thief, by: thief)),
      try notice(generation: 2).signed(with: hubKey, certificate: certificate(of: hubKey)),
      try notice(generation: 0).signed(with: hubKey, certificate: certificate(of: hubKey)),
      try notice().signed(with: hubKey, certificate: nil),
      try notice(keys: []).signed(with: hubKey, certificate: certificate(of: hubKey)),
      try notice(keys: Array(repeating: keys[0], count: 17))
        .signed(with: hubKey, certificate: certificate(of: hubKey)),
    ]
    for wire in forged {
      #expect(throws: MalformedBytes.self) { try TLSNotice(verifying: wire, in: realm) }
    }
    let real = try notice().signed(with: hubKey, certificate: certificate(of: hubKey))
    let other = try #require(RealmID(VerifyingKey(of: thief).bytes))
    #expect(throws: MalformedBytes.self) { try TLSNotice(verifying: real, in: other) }
  }

  @Test func `A copy of an earlier one is not gone by, nor one of a generation that is closed`() {
    let known = notice(at: 100)
    #expect(notice(at: 101, keys: [keys[1]]).succeeds(known, hubGeneration: 1))
    #expect(known.succeeds(known, hubGeneration: 1))
    #expect(known.succeeds(nil, hubGeneration: 0))
    #expect(!notice(at: 99, keys: [keys[1]]).succeeds(known, hubGeneration: 1))
    #expect(!notice(at: 100, keys: [keys[1]]).succeeds(known, hubGeneration: 1))
    #expect(!notice(at: 200).succeeds(known, hubGeneration: 2))
    #expect(notice(generation: 0, at: 200).succeeds(known, hubGeneration: 2))
  }
}
