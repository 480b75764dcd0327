// SPDX-License-Identifier: EUPL-1.2

/// The HTTP message signature (RFC 9421) of a request, in the one profile that Kreisnetz speaks:
///
///     Content-Digest: sha-256=:BASE64:                                       (RFC 9530)
///     Kreisnetz-Realm: 64 hexadecimal digits
///     Signature-Input: kn=("@method" "@path" "@query" "content-digest" "kreisnetz-realm")
///                      ;created=SECONDS;nonce="32 HEX DIGITS";keyid="MEMBER/GENERATION"
///                      ;alg="ed25519"                                        (one line, no blanks)
///     Signature: kn=:BASE64:
///
/// It is made by the member's key, so a request stays bound to its author behind reverse and forward
/// proxies, where a client certificate would end. The digest is over the content as it travels, that
/// is, after compression, and is sent for empty content as well. The realm keeps a key that serves
/// two realms from being replayed in the other; the nonce is for `ReplayWindow`.
package enum RequestSignature {
  /// Names of the fields, in lower case.
  package enum Field {
    package static let digest = "content-digest"
    package static let realm = "kreisnetz-realm"
    package static let input = "signature-input"
    package static let signature = "signature"
  }

  static let components =
    #"("@method" "@path" "@query" "content-digest" "kreisnetz-realm")"#

  /// Signs a request.
  ///
  /// - Parameters:
  ///   - path: the path as it is sent, percent-encoded, beginning with a slash.
  ///   - query: the query as it is sent, without the question mark; empty and absent are one.
  ///   - body: the content as it is sent.
  ///   - created: seconds since 1970 in the hub's time.
  ///   - nonce: 128 random bits.
  /// - Returns: the header fields to add.
  /// - Throws: `MalformedBytes` if the library cannot sign.
  package static func sign(
    method: String, path: String, query: String, body: [UInt8], realm: RealmID, member: MemberID,
    generation: UInt32, key: SigningKey, created: UInt64,
    nonce: (UInt64, UInt64)
  ) throws(MalformedBytes) -> [(name: String, value: String)] {
    let nonce = RequestNonce(high: nonce.0, low: nonce.1)
    let parameters = parameters(
      member: member, generation: generation, created: created, nonce: nonce)
    let digest = Hash256(of: body)
    let base = base(
      method: method, path: path, query: query, digest: digest, realm: realm,
      parameters: parameters)
    let signature = try key.sign(Array(base.utf8))
    return [
      (Field.digest, contentDigest(digest)),
      (Field.realm, realm.description),
      (Field.input, "kn=\(parameters)"),
      (Field.signature, "kn=:\(Base64.encode(signature)):"),
    ]
  }

  /// The value of `Content-Digest` (RFC 9530 §2).
  package static func contentDigest(_ digest: Hash256) -> String {
    "sha-256=:\(Base64.encode(digest.bytes)):"
  }

  static func parameters(
    member: MemberID, generation: UInt32, created: UInt64, nonce: RequestNonce
  ) -> String {
    #"\#(components);created=\#(created);nonce="\#(nonce)""#
      + #";keyid="\#(member)/\#(generation)";alg="ed25519""#
  }

  /// The signature base (RFC 9421 §2.5). An absent query is a question mark alone (§2.2.7), an empty
  /// path a slash (§2.2.6). Both are taken as sent: no intermediary may rewrite them.
  static func base(
    method: String, path: String, query: String, digest: Hash256, realm: RealmID,
    parameters: String
  ) -> String {
    """
    "@method": \(method)
    "@path": \(path.isEmpty ? "/" : path)
    "@query": ?\(query)
    "content-digest": \(contentDigest(digest))
    "kreisnetz-realm": \(realm)
    "@signature-params": \(parameters)
    """
  }
}

/// 128 random bits that a member uses for one request.
package struct RequestNonce: Hashable, Sendable, CustomStringConvertible {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads `description`.
  package init?(text: some StringProtocol) {
    guard let bytes = Hex.decode(text), bytes.count == 16 else { return nil }
    self.init(
      high: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) },
      low: bytes[8...].reduce(0) { $0 << 8 | UInt64($1) })
    guard description == text else { return nil }
  }

  /// 32 lower-case hexadecimal digits.
  package var description: String {
    var out: [UInt8] = []
    out.appendBigEndian(high)
    out.appendBigEndian(low)
    return Hex.encode(out)
  }
}

extension RequestSignature {
  /// The fields of a request, read but not verified.
  package struct Parsed: Sendable {
    package let member: MemberID
    package let generation: UInt32
    /// Seconds since 1970, in the hub's time as the member knows it.
    package let created: UInt64
    package let nonce: RequestNonce
    package let realm: RealmID
    /// What the request says that its content hashes to.
    package let digest: Hash256
    private let parameters: String
    private let signature: [UInt8]

    /// Reads the four fields, each `nil` if absent. A field sent twice arrives joined by a comma and
    /// is refused like any other form than this profile's.
    ///
    /// - Throws: `MalformedBytes`, naming the field.
    package init(
      digest: String?, realm: String?, input: String?, signature: String?
    ) throws(MalformedBytes) {
      guard let digest, let realm, let input, let signature else {
        throw MalformedBytes(
          "the request is not signed: it needs the fields Content-Digest, Kreisnetz-Realm,"
            + " Signature-Input and Signature (RFC 9421)")
      }
      guard let hash = Self.hash(digest) else {
        throw MalformedBytes("Content-Digest is not of the form sha-256=:BASE64: (RFC 9530)")
      }
      guard realm.utf8.count == 64, let realm = Hex.decode(realm).flatMap(RealmID.init),
        let signature = Self.bytes(signature, after: "kn=:", count: 64)
      else {
        throw MalformedBytes("Kreisnetz-Realm or Signature is not in the form this hub reads")
      }
      guard let parameters = Parameters(input) else {
        throw MalformedBytes(
          "Signature-Input is not kn=\(components);created=…;nonce=\"…\";keyid=\"MEMBER/GENERATION\""
            + ";alg=\"ed25519\", the one form this hub reads")
      }
      self.digest = hash
      self.realm = realm
      self.signature = signature
      self.parameters = parameters.text
      member = parameters.member
      generation = parameters.generation
      created = parameters.created
      nonce = parameters.nonce
    }

    /// Whether `key` signed this request, with this content, for this realm.
    package func verify(
      method: String, path: String, query: String, bodyDigest: Hash256, realm: RealmID,
      key: VerifyingKey
    ) -> Bool {
      guard bodyDigest == digest, realm == self.realm else { return false }
      let base = base(
        method: method, path: path, query: query, digest: digest, realm: realm,
        parameters: parameters)
      return key.isValid(signature, over: Array(base.utf8))
    }

    private static func hash(_ text: String) -> Hash256? {
      bytes(text, after: "sha-256=:", count: 32).flatMap { Hash256($0) }
    }

    /// The bytes of a dictionary with one member whose value is a byte sequence (RFC 8941 §3.3.5).
    private static func bytes(_ text: String, after prefix: String, count: Int) -> [UInt8]? {
      guard text.hasPrefix(prefix), text.hasSuffix(":"),
        text.utf8.count == prefix.utf8.count + (count + 2) / 3 * 4 + 1
      else { return nil }
      guard let bytes = Base64.decode(text.dropFirst(prefix.count).dropLast()),
        bytes.count == count
      else { return nil }
      return bytes
    }
  }

  /// What `Signature-Input` says.
  private struct Parameters {
    let text: String
    let member: MemberID
    let generation: UInt32
    let created: UInt64
    let nonce: RequestNonce

    /// Reads the values and accepts the text only if writing them gives it again: there is one form.
    init?(_ input: String) {
      guard input.utf8.count <= 320, input.hasPrefix("kn=") else { return nil }
      let text = input.dropFirst(3)
      let parts = text.split(separator: ";", omittingEmptySubsequences: false)
      guard parts.count == 5, parts[1].hasPrefix("created="), parts[2].hasPrefix("nonce=\""),
        parts[3].hasPrefix("keyid=\""), let created = UInt64(parts[1].dropFirst(8)),
        created < 1 << 48,
        let nonce = RequestNonce(text: parts[2].dropFirst(7).dropLast())
      else { return nil }
      let key = parts[3].dropFirst(7).dropLast().split(separator: "/")
      guard key.count == 2, let member = MemberID(text: key[0]), let generation = UInt32(key[1])
      else { return nil }
      self.text = String(text)
      self.member = member
      self.generation = generation
      self.created = created
      self.nonce = nonce
      guard
        self.text
          == parameters(member: member, generation: generation, created: created, nonce: nonce)
      else { return nil }
    }
  }
}
