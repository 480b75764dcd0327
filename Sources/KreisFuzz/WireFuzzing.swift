// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisTransport
import SwiftProtobuf

/// Parsers of what arrives over the network or is pasted from it.
enum WireFuzzing {
  /// However the bytes are cut into pieces, the same frames come out.
  static func frames(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    func payloads(pieces: Int) -> (payloads: [[UInt8]], isSound: Bool) {
      // A small limit keeps what a few bytes can expand to in bounds.
      var decoder = FrameDecoder(limit: 1 << 16)
      var out: [[UInt8]] = []
      var rest = input[...]
      do {
        while !rest.isEmpty {
          decoder.append(rest.prefix(pieces))
          rest = rest.dropFirst(pieces)
          while let payload = try decoder.next() { out.append(payload) }
        }
        try decoder.finish()
        return (out, true)
      } catch { return (out, false) }
    }
    let whole = payloads(pieces: max(1, input.count))
    let cut = payloads(pieces: 3)
    try BrokenProperty.unless(
      whole.payloads == cut.payloads && whole.isSound == cut.isSound,
      "frames that depend on how they arrive")
    for payload in whole.payloads {
      var decoder = FrameDecoder()
      decoder.append(FrameCodec.encode(payload))
      let again = try? decoder.next()
      try BrokenProperty.unless(again == payload, "a frame that changes when it is written again")
    }
    return whole.isSound
  }

  /// A statement's content, signed by its member.
  static func statement(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    var wire = WireSignedStatement()
    wire.statement = Data(input)
    guard
      let signature = try? FuzzRealm.townKey.sign(Array("kreisnetz statement v1\0".utf8) + input)
    else {
      throw BrokenProperty("a statement that cannot be signed")
    }
    wire.signature = Data(signature)
    return (try? FeedStatement(verifying: wire, under: FuzzRealm.membership)) != nil
  }

  static func invite(_ text: String) throws(BrokenProperty) -> Bool {
    guard let invite = try? Invite(text: text) else { return false }
    let again = (try? invite.text()).flatMap { try? Invite(text: $0) }
    try BrokenProperty.unless(again == invite, "an invite that changes when it is written again")
    return true
  }

  /// With the right check, so that its content is reached.
  static func invite(content: [UInt8]) throws(BrokenProperty) -> Bool {
    try invite("kreisnetz1:" + Base64.encodeURL(content + Hash256(of: content).bytes[..<4]))
  }

  /// The four fields, one a line.
  static func signature(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    let lines = String(decoding: input, as: UTF8.self)
      .split(separator: "\n", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
    func line(_ number: Int) -> String? { number < lines.count ? lines[number] : nil }
    guard
      let parsed = try? RequestSignature.Parsed(
        digest: line(0), realm: line(1), input: line(2), signature: line(3))
    else { return false }
    _ = parsed.verify(
      method: "POST", path: "/v1/bundles", query: "", bodyDigest: Hash256(of: []),
      realm: FuzzRealm.realm, key: VerifyingKey(of: FuzzRealm.townKey))
    return true
  }

  static func query(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    guard let query = try? FeedQuery(text: String(decoding: input, as: UTF8.self)) else {
      return false
    }
    let again = try? FeedQuery(text: query.text)
    try BrokenProperty.unless(again == query, "a query that changes when it is written again")
    return true
  }
}
