// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Testing

@testable import KreisCore

@Suite struct InviteTests {
  let realm: RealmID

  init() throws { realm = try #require(RealmID(Array(0..<32))) }

  private func invite(
    url: String = "https://hub.example.org:8443", trust: Invite.Trust? = nil,
    name: String = "musterstadt", secret: [UInt8] = Array(repeating: 0x5a, count: 32)
  ) throws -> Invite {
    try Invite(
      realm: realm, url: url, trust: trust ?? .pinnedKey(Hash256(of: [7])), name: name,
      title: "Stadt Musterstadt", secret: secret, expiresAt: 2_000, kreis: "Beispielkreis")
  }

  @Test func `An invite is one line that reads back the same`() throws {
    for trust in [Invite.Trust.authorities, .pinnedKey(Hash256(of: [9]))] {
      let invite = try invite(trust: trust)
      let text = try invite.text()
      #expect(text.hasPrefix("kreisnetz1:"))
      #expect(text.utf8.allSatisfy { $0 > 32 && $0 < 127 })
      #expect(try Invite(text: text) == invite)
    }
  }

  @Test func `White space that a mail program put in does not matter`() throws {
    let invite = try invite()
    let text = try invite.text()
    var broken = "  "
    for (index, character) in text.enumerated() {
      broken.append(character)
      if index % 60 == 59 { broken += "\r\n " }
    }
    #expect(try Invite(text: broken + "\n\n") == invite)
  }

  @Test func `A lost or changed character is damage, not another invite`() throws {
    let text = try invite().text()
    for index in text.indices.dropFirst(Invite.prefix.count) {
      var lost = text
      lost.remove(at: index)
      #expect(throws: InviteError.damaged) { try Invite(text: lost) }
      var changed = text
      changed.replaceSubrange(index...index, with: changed[index] == "A" ? "B" : "A")
      #expect(throws: InviteError.damaged) { try Invite(text: changed) }
    }
    #expect(throws: InviteError.damaged) { try Invite(text: String(text.prefix(100))) }
    #expect(throws: InviteError.damaged) { try Invite(text: Invite.prefix) }
    #expect(throws: InviteError.damaged) { try Invite(text: text + "=") }
  }

  @Test func `Other texts are told apart from invites of a newer version`() {
    #expect(throws: InviteError.prefix) { try Invite(text: "") }
    #expect(throws: InviteError.prefix) { try Invite(text: "https://hub.example.org") }
    #expect(throws: InviteError.prefix) { try Invite(text: "kreisnetz:abc") }
    #expect(throws: InviteError.version) { try Invite(text: "kreisnetz2:abc") }
    #expect(throws: InviteError.prefix) { try Invite(text: String(repeating: "k", count: 1 << 20)) }
  }

  @Test func `Only the address of a server is taken as the hub's`() throws {
    for url in [
      "https://hub.example.org", "https://127.0.0.1:8443", "https://[::1]:8443",
      "https://[2001:db8::1]",
      "https://hub",
    ] {
      #expect(try invite(url: url).url == url)
    }
    #expect(try invite(url: "https://hub.example.org/").url == "https://hub.example.org")
    for url in [
      "http://hub.example.org", "https://", "https:///", "https://hub.example.org/path",
      "https://user@hub.example.org", "https://hub.example.org:0", "https://hub.example.org:70000",
      "https://hub.example.org?x", "https://hub example.org", "https://hub.example.org#",
      "https://[]", "https://[::1", "https://h\u{fc}b.example.org", "https://:8443", "",
    ] {
      #expect(throws: InviteError.url(url)) { try invite(url: url) }
    }
  }

  @Test func `Content over its limits is refused`() {
    #expect(throws: InviteError.content) { try invite(secret: [1]) }
    #expect(throws: InviteError.content) { try invite(name: "") }
    #expect(throws: InviteError.content) { try invite(name: String(repeating: "x", count: 65)) }
  }

  @Test func `The largest invite can be read`() throws {
    let largest = try Invite(
      realm: realm, url: "https://" + String(repeating: "h", count: 504), trust: .authorities,
      name: String(repeating: "n", count: 64), title: String(repeating: "t", count: 256),
      secret: Array(repeating: 1, count: 32), expiresAt: .max,
      kreis: String(repeating: "k", count: 256))
    #expect(try Invite(text: largest.text()) == largest)
  }
}

/// Expected values computed with another implementation (Python, cryptography).
@Suite struct JoinProofTests {
  let secret: [UInt8] = Array(repeating: 0x5a, count: 32)
  let realm: RealmID
  let key: SigningKey

  init() throws {
    realm = try #require(RealmID(Array(0..<32)))
    key = try .init(rawRepresentation: #require(Hex.decode(RequestSignatureTests.secret)))
  }

  @Test func `The proof and its signature are what another implementation computes`() throws {
    let proof = JoinProof.make(
      secret: secret, realm: realm, name: "musterstadt", key: VerifyingKey(of: key))
    #expect(
      Hex.encode(proof) == "5c85e4a10c18c665a6cf12356b19aaf1ef439137194d95c567cc731f185d2462")
    let signature = try #require(
      Hex.decode(
        "5c320d94d5ec7b9301f658504e183ffbbe05b746bfd29afba457e503d99b0fbe"
          + "da7685375149c969359e71c29ff321064f36ea8379b6185a0ea703b0f0835706"))
    #expect(JoinProof.isSigned(proof, signature: signature, key: VerifyingKey(of: key)))
    #expect(
      JoinProof.isSigned(
        proof, signature: try JoinProof.sign(proof, key: key), key: VerifyingKey(of: key)))
  }

  @Test func `A proof is good for its secret, realm, name and key alone`() throws {
    let proof = JoinProof.make(secret: secret, realm: realm, name: "a", key: VerifyingKey(of: key))
    let other = VerifyingKey(of: SigningKey())
    let elsewhere = try #require(RealmID(Array(1..<33)))
    func valid(
      _ proof: [UInt8], _ secret: [UInt8], _ realm: RealmID, _ name: String,
      _ key: VerifyingKey
    ) -> Bool {
      JoinProof.isValid(proof, secret: secret, realm: realm, name: name, key: key)
    }
    #expect(valid(proof, secret, realm, "a", VerifyingKey(of: key)))
    #expect(!valid(proof, Array(repeating: 0, count: 32), realm, "a", VerifyingKey(of: key)))
    #expect(!valid(proof, secret, elsewhere, "a", VerifyingKey(of: key)))
    #expect(!valid(proof, secret, realm, "b", VerifyingKey(of: key)))
    #expect(!valid(proof, secret, realm, "a", other))
    #expect(!valid(Array(proof.dropLast()), secret, realm, "a", VerifyingKey(of: key)))
    #expect(!valid([], secret, realm, "a", VerifyingKey(of: key)))
    #expect(!JoinProof.isSigned(proof, signature: [], key: VerifyingKey(of: key)))
    #expect(
      !JoinProof.isSigned(
        proof, signature: try JoinProof.sign(proof, key: .init()), key: VerifyingKey(of: key)))
  }
}
