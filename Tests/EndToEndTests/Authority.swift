// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import SwiftASN1
import X509

/// A certificate authority that a town's machine trusts.
struct Authority {
  private let key = P256.Signing.PrivateKey()
  private let name: DistinguishedName
  let pem: String

  init() throws {
    name = try DistinguishedName { CommonName("Kreisnetz test authority") }
    pem = try Self.certificate(
      of: key.publicKey, name, by: key, name,
      Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
      }
    ).serializeAsPEM().pemString
  }

  /// Writes a certificate for 127.0.0.1 with a key of its own as `NAME.pem` and `NAME.key`.
  func issue(_ file: String, in folder: URL) throws {
    let own = P256.Signing.PrivateKey()
    let certificate = try Self.certificate(
      of: own.publicKey, try DistinguishedName { CommonName("hub") }, by: key, name,
      Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        SubjectAlternativeNames([
          .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1][...]))
        ])
      })
    for (suffix, text) in [
      ("pem", try certificate.serializeAsPEM().pemString), ("key", own.pemRepresentation),
    ] {
      try Data(text.utf8).write(to: folder.appending(path: "\(file).\(suffix)"))
    }
  }

  private static func certificate(
    of key: P256.Signing.PublicKey, _ subject: DistinguishedName,
    by issuerKey: P256.Signing.PrivateKey, _ issuer: DistinguishedName,
    _ extensions: Certificate.Extensions
  ) throws -> Certificate {
    try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key),
      notValidBefore: Date(timeIntervalSinceNow: -3_600),
      notValidAfter: Date(timeIntervalSinceNow: 3_600), issuer: issuer, subject: subject,
      signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions,
      issuerPrivateKey: .init(issuerKey))
  }
}
