// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Testing

@testable import KreisCore

/// The key is RFC 9421's `test-key-ed25519` (appendix B.1.4); the expected fields were computed with
/// another implementation of Ed25519 and SHA-256 (Python, cryptography).
@Suite struct RequestSignatureTests {
  static let secret = "9f8362f87a484a954e6e740c5b4c0e84229139a20aa8ab56ff66586f6a7d29c5"
  let key: SigningKey
  let realm: RealmID

  init() throws {
    key = try .init(rawRepresentation: #require(Hex.decode(Self.secret)))
    realm = try #require(RealmID(Array(0..<32)))
  }

  private func fields(
    _ method: String = "POST", _ path: String = "/v1/bundles", query: String = "",
    body: [UInt8] = Array("hello".utf8)
  ) throws -> [String: String] {
    let member = try #require(MemberID(text: "00000000a1b2"))
    let signed = try RequestSignature.sign(
      method: method, path: path, query: query, body: body, realm: realm, member: member,
      generation: 3, key: key, created: 1_767_225_600,
      nonce: (0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f))
    return Dictionary(uniqueKeysWithValues: signed.map { ($0.name, $0.value) })
  }

  private func parse(_ fields: [String: String]) throws -> RequestSignature.Parsed {
    try .init(
      digest: fields["content-digest"], realm: fields["kreisnetz-realm"],
      input: fields["signature-input"], signature: fields["signature"])
  }

  @Test func `A request signed elsewhere verifies`() throws {
    let post = try parse([
      "content-digest": "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:",
      "kreisnetz-realm": realm.description,
      "signature-input":
        #"kn=("@method" "@path" "@query" "content-digest" "kreisnetz-realm");created=1767225600;nonce="000102030405060708090a0b0c0d0e0f";keyid="00000000a1b2/3";alg="ed25519""#,
      "signature":
        "kn=:XocLB063njJjYAf06fp0eb0GBzw1W8LhtCfCY3Y/DzMsd/Zo8ffY83zgRsbXDx3dD2IW8H3SMbD4PpJqKaSrBA==:",
    ])
    #expect(post.member == MemberID(0xa1b2) && post.generation == 3)
    #expect(post.created == 1_767_225_600)
    #expect(post.nonce == RequestNonce(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f))
    #expect(
      post.verify(
        method: "POST", path: "/v1/bundles", query: "",
        bodyDigest: Hash256(of: Array("hello".utf8)),
        realm: realm, key: VerifyingKey(of: key)))

    let get = try parse([
      "content-digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
      "kreisnetz-realm": realm.description,
      "signature-input":
        #"kn=("@method" "@path" "@query" "content-digest" "kreisnetz-realm");created=1767225601;nonce="ffffffffffffffffffffffffffffffff";keyid="fedcba987654/1";alg="ed25519""#,
      "signature":
        "kn=:xscSoQtFKN6nUDoVzlO5b7HBcUi4GpghimorJCDt41vqLfCjeK0Jpga2mNBMJS+0lzyolLY9mY34nvhB0gJvCQ==:",
    ])
    #expect(
      get.verify(
        method: "GET", path: "/v1/feed", query: "after=public:7:ab&follow=true",
        bodyDigest: Hash256(of: []), realm: realm, key: VerifyingKey(of: key)))
  }

  @Test func `Signing writes the fields that another implementation writes`() throws {
    let fields = try fields()
    #expect(
      fields["content-digest"] == "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:")
    #expect(
      fields["signature-input"]
        == #"kn=("@method" "@path" "@query" "content-digest" "kreisnetz-realm");created=1767225600;nonce="000102030405060708090a0b0c0d0e0f";keyid="00000000a1b2/3";alg="ed25519""#
    )
    #if !canImport(Darwin)  // CryptoKit's Ed25519 adds randomness.
      #expect(
        fields["signature"]
          == "kn=:XocLB063njJjYAf06fp0eb0GBzw1W8LhtCfCY3Y/DzMsd/Zo8ffY83zgRsbXDx3dD2IW8H3SMbD4PpJqKaSrBA==:"
      )
    #endif
  }

  @Test func `The signature base is the one of RFC 9421`() throws {
    let base = RequestSignature.base(
      method: "GET", path: "", query: "", digest: Hash256(of: []), realm: realm,
      parameters: RequestSignature.parameters(
        member: try #require(MemberID(1)), generation: 1, created: 7,
        nonce: RequestNonce(high: 0, low: 1)))
    #expect(
      base
        == #""@method": GET"# + "\n" + #""@path": /"# + "\n" + #""@query": ?"# + "\n"
        + #""content-digest": sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"# + "\n"
        + #""kreisnetz-realm": 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"#
        + "\n"
        + #""@signature-params": ("@method" "@path" "@query" "content-digest" "kreisnetz-realm");created=7;nonce="00000000000000000000000000000001";keyid="000000000001/1";alg="ed25519""#
    )
  }

  @Test func `A signature is good for its method, path, query, content, realm and key alone`()
    throws
  {
    let request = try parse(fields("POST", "/v1/x", query: "a=1", body: [1, 2]))
    func verify(
      _ method: String = "POST", path: String = "/v1/x", query: String = "a=1",
      body: [UInt8] = [1, 2], realm: RealmID? = nil, key: VerifyingKey? = nil
    ) -> Bool {
      request.verify(
        method: method, path: path, query: query, bodyDigest: Hash256(of: body),
        realm: realm ?? self.realm, key: key ?? VerifyingKey(of: self.key))
    }
    #expect(verify())
    #expect(!verify("GET"))
    #expect(!verify(path: "/v1/y"))
    #expect(!verify(query: "a=2"))
    #expect(!verify(query: ""))
    #expect(!verify(body: [1, 3]))
    #expect(!verify(realm: RealmID(Array(1..<33))))
    #expect(!verify(key: VerifyingKey(of: SigningKey())))
  }

  @Test func `What is said about a request cannot be changed without its key`() throws {
    let changes = [
      ("created=1767225600", "created=1767225601"), ("0e0f\"", "0e0e\""), ("a1b2/3", "a1b2/4"),
      ("a1b2/3", "a1b3/3"),
    ]
    for (from, to) in changes {
      var fields = try fields()
      let input = try #require(fields["signature-input"])
      fields["signature-input"] = input.replacing(from, with: to)
      #expect(fields["signature-input"] != input)
      #expect(
        try !parse(fields).verify(
          method: "POST", path: "/v1/bundles", query: "",
          bodyDigest: Hash256(of: Array("hello".utf8)), realm: realm, key: VerifyingKey(of: key)))
    }
  }

  @Test(arguments: ["content-digest", "kreisnetz-realm", "signature-input", "signature"])
  func `A field that is absent, doubled, padded or of another form is refused`(
    name: String
  ) throws {
    let fields = try fields()
    let value = try #require(fields[name])
    var forms: [String?] = [
      nil, "", value + ", " + value, value + " ", " " + value, value + ";x",
      value.uppercased() + ":",
      String(value.dropLast()), String(value.dropFirst()), value + "\u{301}",
      String(repeating: value, count: 100),
    ]
    if name == "signature-input" {
      forms += [
        value.replacing("alg=\"ed25519\"", with: "alg=\"hmac-sha256\""),
        value.replacing(";alg=\"ed25519\"", with: ""),
        value.replacing("\"@query\" ", with: ""),
        value.replacing("created=", with: "created=0"),
        value.replacing("created=1767225600", with: "created=99999999999999999999"),
        value.replacing("created=1767225600", with: "created=-1"),
        value.replacing("created=1767225600", with: "created=+1"),
        value.replacing("/3", with: "/03"), value.replacing("/3", with: "/4294967296"),
        value.replacing("/3", with: "/3/3"), value.replacing("a1b2", with: "A1B2"),
        value.replacing("00000000a1b2", with: "000000000000"),
        value.replacing("0e0f", with: "0E0F"), value.replacing("kn=", with: "sig1="),
      ]
    }
    for form in forms {
      var broken = fields
      broken[name] = form
      #expect(throws: MalformedBytes.self, "\(form ?? "absent")") { try parse(broken) }
    }
  }
}
