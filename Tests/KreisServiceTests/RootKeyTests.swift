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
    let text = try SealedRootKey.seal(root, under: phrase, salt: Array(0..<16))
    #expect(!text.contains(Hex.encode(root.rawRepresentation)))
    let opened = try SealedRootKey.open(text, with: phrase)
    #expect(opened?.rawRepresentation == root.rawRepresentation)
    #expect(try SealedRootKey.open(text, with: RecoveryPhrase(using: &random)) == nil)
    #expect(throws: MalformedBytes.self) {
      try SealedRootKey.open(String(text.dropFirst()), with: phrase)
    }
  }
}
