// SPDX-License-Identifier: EUPL-1.2

import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the hub states about the TLS keys by which it is reached, so that a connection with another
/// one is known to be intercepted, whatever authority vouches for its certificate.
///
///     signed bytes = "kreisnetz tls v1" ‖ 0 ‖ protobuf `TLSNotice`
///
/// It is signed by the hub's key and carries the root's certificate of that key, or is signed by the
/// root key itself (generation 0, for a hub that gathers and has no key yet). So whoever knows the
/// realm can verify it, before anything else of the realm is known.
package struct TLSNotice: Hashable, Sendable {
  package let realm: RealmID
  /// Of the hub's key that signs; 0: the root key does.
  package let generation: UInt32
  /// Seconds since 1970 by the hub's clock, and higher than in the notice before.
  package let at: UInt64
  /// SHA-256 of the SubjectPublicKeyInfo (RFC 7469 §2.4).
  package let keys: [Hash256]

  package init(realm: RealmID, generation: UInt32, at: UInt64, keys: [Hash256]) {
    self.realm = realm
    self.generation = generation
    self.at = at
    self.keys = keys
  }

  /// Bytes of a signed notice; the certificate's closed logs are most of it.
  package static let limit = 65_536
  package static let keyLimit = 16
  private static let domain = Array("kreisnetz tls v1\0".utf8)

  /// The notice under a signature.
  ///
  /// - Parameters:
  ///   - key: the hub's of `generation`, or the root's.
  ///   - certificate: of the hub's key; `nil` where the root key signs.
  /// - Throws: `MalformedBytes` if it cannot be encoded or signed.
  package func signed(
    with key: SigningKey, certificate: RootCertificate?
  ) throws(MalformedBytes) -> WireSignedTLSNotice {
    var message = WireTLSNotice()
    message.realm = Data(realm.bytes)
    message.generation = generation
    message.at = at
    message.keys = keys.map { Data($0.bytes) }
    guard let bytes: [UInt8] = try? message.serializedBytes() else {
      throw MalformedBytes("a TLS notice that cannot be encoded")
    }
    var wire = WireSignedTLSNotice()
    wire.notice = Data(bytes)
    wire.signature = Data(try key.sign(Self.domain + bytes))
    if let certificate { wire.certificate = Data(try Control.root(certificate).encoded()) }
    return wire
  }

  /// Reads a notice and proves that the realm's hub made it.
  ///
  /// - Throws: `MalformedBytes` with what does not hold.
  package init(
    verifying wire: WireSignedTLSNotice, in realm: RealmID
  ) throws(MalformedBytes) {
    guard let message = try? WireTLSNotice(serializedBytes: wire.notice),
      message.realm == Data(realm.bytes), message.at < Limits.time,
      (1...Self.keyLimit).contains(message.keys.count)
    else { throw MalformedBytes("a TLS notice that is not one of this realm") }
    let keys = message.keys.compactMap { Hash256($0) }
    guard keys.count == message.keys.count else {
      throw MalformedBytes("a TLS notice with a key that is no SHA-256")
    }
    let signer = try Self.signer(of: message, wire.certificate, realm)
    guard signer.isValid(Array(wire.signature), over: Self.domain + Array(wire.notice)) else {
      throw MalformedBytes("a TLS notice that the realm's hub did not sign")
    }
    self.init(realm: realm, generation: message.generation, at: message.at, keys: keys)
  }

  private static func signer(
    of message: WireTLSNotice, _ certificate: Data, _ realm: RealmID
  ) throws(MalformedBytes) -> VerifyingKey {
    if message.generation == 0, let root = VerifyingKey(realm.bytes) { return root }
    guard case .root(let certificate)? = try Control(decoding: Array(certificate)),
      certificate.realm == realm, certificate.generation == message.generation,
      certificate.isValid
    else { throw MalformedBytes("a TLS notice whose key the realm's root does not certify") }
    return certificate.key
  }

  /// Whether a town that knows `known` may go by this one. A copied notice of the past, which may
  /// name a key that was stolen since, is not.
  ///
  /// - Parameter hubGeneration: the latest that the town knows of; that one or a later one signs,
  ///   or the root key.
  package func succeeds(_ known: TLSNotice?, hubGeneration: UInt32) -> Bool {
    guard generation == 0 || generation >= hubGeneration else { return false }
    guard let known else { return true }
    return at > known.at || at == known.at && keys == known.keys
  }
}

extension WireSignedTLSNotice {
  /// As it is sent and kept.
  ///
  /// - Throws: `MalformedBytes` if it cannot be encoded.
  package func bytes() throws(MalformedBytes) -> [UInt8] {
    guard let bytes: [UInt8] = try? serializedBytes() else {
      throw MalformedBytes("a TLS notice that cannot be encoded")
    }
    return bytes
  }
}
