// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import KreisService
import Testing

@Suite struct RootKeyTests {
  @Test("A phrase is read as people type it")
  func phraseIsForgiving() throws {
    var random = SystemRandomNumberGenerator()
    let phrase = RecoveryPhrase(using: &random)
    let text = phrase.description
    #expect(text.split(separator: "-").map(\.count) == Array(repeating: 4, count: 8))
    for typed in [
      text.lowercased(), text.replacing("-", with: " "), text.replacing("0", with: "O"),
      text.replacing("1", with: "l"),
    ] {
      #expect(RecoveryPhrase(text: typed)?.description == text)
    }
    #expect(RecoveryPhrase(text: String(text.dropLast())) == nil)
    #expect(RecoveryPhrase(text: "U" + text.dropFirst()) == nil)
  }

  @Test("The root key opens with its phrase and with no other")
  func sealedKey() throws {
    var random = SystemRandomNumberGenerator()
    let phrase = RecoveryPhrase(using: &random)
    let root = SigningKey()
    let about = SealedRootKey.About(
      realm: try #require(RealmID(VerifyingKey(of: root).bytes)),
      hub: try #require(MemberID(0xabcdef)), generation: 3, title: "Märkischer Kreis", ags: "05962")
    let text = try SealedRootKey(
      sealing: root, about: about, under: phrase, salt: Array(0..<16)
    ).text
    #expect(!text.contains(Hex.encode(root.rawRepresentation)))
    let read = try SealedRootKey(text: text)
    #expect(read.about == about && read.text == text)
    #expect(try read.open(with: phrase)?.rawRepresentation == root.rawRepresentation)
    #expect(try read.open(with: RecoveryPhrase(using: &random)) == nil)
    // What stands there in clear is covered.
    let changed = try SealedRootKey(text: text.replacing("generation 3", with: "generation 2"))
    #expect(try changed.open(with: phrase) == nil)
    for damaged in [String(text.dropFirst()), text.replacing("salt ", with: "salt x"), ""] {
      #expect(throws: MalformedBytes.self) { try SealedRootKey(text: damaged) }
    }
  }

  @Test("The TLS key is the same whenever it is made of the same root key")
  func tlsKey() throws {
    let root = SigningKey()
    let key = try HubTLSKey.derive(from: root)
    #expect(try HubTLSKey.derive(from: root).rawRepresentation == key.rawRepresentation)
    #expect(try HubTLSKey.derive(from: SigningKey()).rawRepresentation != key.rawRepresentation)
    #expect(key.rawRepresentation != root.rawRepresentation)
    // Fixed for ever: towns pin it.
    let fixed = try SigningKey(rawRepresentation: Array(repeating: 7, count: 32))
    #expect(
      Hex.encode(try HubTLSKey.derive(from: fixed).rawRepresentation)
        == "d081069e26411e886f3ad309c85d156b3e829cbb34afd337438904302bfaa4f8")
  }
}
