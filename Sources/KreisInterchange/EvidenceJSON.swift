// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// Evidence as a file that somebody can mail and check offline:
///
///     {"format": "kreisnetz evidence 1",
///      "certificates": ["…"],        base64 of `Control`, each of one generation of the hub
///      "statement": "…",             base64 of `Statement`
///      "signature": "…",             base64, over the statement
///      "from": {"position": 17, "hash": "64 hexadecimal digits"},
///      "steps": [["member", generation, "scope", last sequence, "hash"], …]}
///
/// `steps` are the feed's items after `from`, up to the head that the statement names. There are no
/// values in it, and nothing secret.
package enum EvidenceJSON {
  private static let format = "kreisnetz evidence 1"
  /// Bytes of a file.
  package static let limit = 256 << 20

  /// The file's content.
  ///
  /// - Throws: `MalformedBytes` if a certificate cannot be encoded.
  package static func encode(_ evidence: Evidence) throws(MalformedBytes) -> [UInt8] {
    var certificates: [JSONValue] = []
    for certificate in evidence.certificates {
      certificates.append(.string(Base64.encode(try Control.root(certificate).encoded())))
    }
    let json: JSONValue = [
      "format": .string(format), "certificates": .array(certificates),
      "statement": .string(Base64.encode(evidence.statement.message)),
      "signature": .string(Base64.encode(evidence.statement.signature)),
      "from": [
        "position": .number(String(evidence.from.position)),
        "hash": .string(evidence.from.hash.description),
      ],
      "steps": .array(
        evidence.steps.map { step in
          .array([
            .string(step.log.member.description), .number(String(step.log.generation)),
            .string(step.log.scope.description), .number(String(step.head.sequence)),
            .string(step.head.hash.description),
          ])
        }),
    ]
    return JSONWriter.bytes(of: json) + [0x0A]
  }

  /// Reads what `encode` wrote. Nothing of it is proven yet.
  ///
  /// - Throws: `JSONError`; `MalformedBytes` with what is missing.
  package static func decode(_ bytes: [UInt8]) throws -> Evidence {
    let json = try JSONParser.parse(bytes, limit: limit)
    guard json["format"] == .string(format) else {
      throw MalformedBytes("the file is no evidence of the form '\(format)'")
    }
    var certificates: [RootCertificate] = []
    for element in try array(json["certificates"]) {
      guard case .root(let certificate)? = try Control(decoding: base64(element)) else {
        throw MalformedBytes("a certificate that is none")
      }
      certificates.append(certificate)
    }
    guard let from = json["from"] else { throw MalformedBytes("the file names no feed position") }
    return Evidence(
      certificates: certificates,
      statement: try SignedStatement(
        reading: base64(json["statement"]), signature: base64(json["signature"])),
      from: FeedPosition(
        position: try number(from["position"]), hash: try hash(from["hash"])),
      steps: try array(json["steps"]).map(step))
  }

  private static func step(_ value: JSONValue) throws(MalformedBytes) -> Evidence.Step {
    let parts = try array(value)
    guard parts.count == 5, case .string(let name) = parts[0], let member = MemberID(text: name),
      let generation = UInt32(exactly: try number(parts[1])), generation > 0,
      case .string(let scopeName) = parts[2], let scope = Scope(text: scopeName)
    else { throw MalformedBytes("an item of the feed that cannot be read") }
    return Evidence.Step(
      log: LogID(member: member, generation: generation, scope: scope),
      head: LogHead(sequence: try number(parts[3]), hash: try hash(parts[4])))
  }

  private static func array(_ value: JSONValue?) throws(MalformedBytes) -> [JSONValue] {
    guard case .array(let elements)? = value else { throw MalformedBytes("a list is missing") }
    return elements
  }

  private static func base64(_ value: JSONValue?) throws(MalformedBytes) -> [UInt8] {
    guard case .string(let text)? = value, let bytes = Base64.decode(text) else {
      throw MalformedBytes("a text in base64 is missing")
    }
    return bytes
  }

  private static func hash(_ value: JSONValue?) throws(MalformedBytes) -> Hash256 {
    guard case .string(let text)? = value, let hash = Hex.decode(text).flatMap({ Hash256($0) })
    else { throw MalformedBytes("a hash of 64 hexadecimal digits is missing") }
    return hash
  }

  private static func number(_ value: JSONValue?) throws(MalformedBytes) -> UInt64 {
    guard case .number(let lexeme)? = value, let number = UInt64(lexeme),
      number < Limits.positions
    else { throw MalformedBytes("a number is missing or too large") }
    return number
  }
}
