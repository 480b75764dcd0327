// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisHub
import KreisLocal
import KreisMonitor
import KreisService
import KreisStore

/// The hub's certificate, and the keys that it names, from its settings and state directory.
struct HubTLS {
  let certificate: HubCertificate
  /// Keys besides the certificate's by which the hub is reached.
  let others: [Hash256]

  /// - Throws: `CommandError`, `HubCertificateError`.
  init(_ settings: HubConfiguration, _ directory: StateDirectory, pin: [UInt8]?) throws {
    certificate = try settings.certificate(in: directory, at: SystemClock.now())
    if let pin, pin != certificate.keyHash.bytes {
      throw CommandError(
        .wrongUse,
        "The certificate has another key than the one that the towns' invites pin, so no town would "
          + "connect. Use the certificate that \"hub init\" made, or one with the same key.")
    }
    others = try settings.alsoNamed.map { try HubCertificate.keyHashes(inFile: $0) } ?? []
    guard others.count < TLSNotice.keyLimit else {
      throw CommandError(
        .wrongUse, "tls_also_named has more than \(TLSNotice.keyLimit - 1) certificates.")
    }
  }

  /// What the hub states about its keys, going on from what it stated before.
  func named(in directory: StateDirectory) throws -> NamedTLSKeys {
    NamedTLSKeys(
      keys: [certificate.keyHash] + others,
      kept: try directory.readSecret(StateDirectory.namedKeys),
      keep: { try directory.write($0, to: StateDirectory.namedKeys) })
  }
}
