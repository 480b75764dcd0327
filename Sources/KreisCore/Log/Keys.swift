// SPDX-License-Identifier: EUPL-1.2

package import Crypto

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The Ed25519 key with which a member signs one generation of its logs.
package typealias SigningKey = Curve25519.Signing.PrivateKey

/// The public half of a member's or realm's key.
package struct VerifyingKey: Hashable, Sendable {
  /// 32 bytes.
  package let bytes: [UInt8]

  /// Takes exactly 32 bytes; `nil` for any other number.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    self.bytes = Array(bytes)
  }

  package init(of key: SigningKey) { bytes = Array(key.publicKey.rawRepresentation) }

  /// Whether `signature` is this key's over `message`.
  package func isValid(_ signature: [UInt8], over message: [UInt8]) -> Bool {
    guard signature.count == 64,
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
    else { return false }
    return key.isValidSignature(signature, for: message)
  }
}

extension Curve25519.Signing.PrivateKey {
  /// 64 bytes of signature over `message`.
  ///
  /// - Throws: `MalformedBytes` if the library cannot sign (it ran out of memory).
  package func sign(_ message: [UInt8]) throws(MalformedBytes) -> [UInt8] {
    do { return Array(try signature(for: message)) } catch {
      throw MalformedBytes("signing failed: \(error)")
    }
  }
}
