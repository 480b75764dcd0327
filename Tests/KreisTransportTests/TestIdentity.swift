// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// A self-signed server certificate for 127.0.0.1, made for one test.
struct TestIdentity {
  let key = P256.Signing.PrivateKey()
  let pem: String

  init(address: [UInt8] = [127, 0, 0, 1], validFor: TimeInterval = 3600) throws {
    let issuerKey = Certificate.PrivateKey(key)
    let name = try DistinguishedName { CommonName("Kreisnetz test") }
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: issuerKey.publicKey,
      notValidBefore: Date(timeIntervalSinceNow: -7200),
      notValidAfter: Date(timeIntervalSinceNow: validFor),
      issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        SubjectAlternativeNames([.ipAddress(ASN1OctetString(contentBytes: address[...]))])
      }, issuerPrivateKey: issuerKey)
    pem = try certificate.serializeAsPEM().pemString
  }

  /// SHA-256 of the key's SubjectPublicKeyInfo.
  var pin: [UInt8] { Array(SHA256.hash(data: key.publicKey.derRepresentation)) }

  func configuration(
    from minimum: TLSVersion = .tlsv13, to maximum: TLSVersion? = nil
  ) throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)).map {
        .certificate($0)
      },
      privateKey: .privateKey(
        try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem)))
    configuration.minimumTLSVersion = minimum
    configuration.maximumTLSVersion = maximum
    return configuration
  }

  /// Calls the body with the path of a file that holds the certificate.
  func withFile<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("kreisnetz-\(UUID().uuidString).pem")
    try Data(pem.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try await body(file.path)
  }
}
