// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import SwiftASN1
import Testing
import X509

@testable import KreisHub

extension HubTests {
  @Suite struct HubCertificateTests {
    private let now: UInt64 = 1_800_000_000

    @Test(arguments: [
      ("https://hub.example.org", GeneralName.dnsName("hub.example.org")),
      ("https://127.0.0.1:8443", .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))),
      (
        "https://[::1]:8443",
        .ipAddress(ASN1OctetString(contentBytes: Array(repeating: 0, count: 15)[...] + [1]))
      ),
    ])
    func `A certificate is made for the host of the address`(
      url: String, name: GeneralName
    ) throws {
      let made = try HubCertificate.selfSigned(for: url, now: now)
      let certificate = try Certificate(pemEncoded: made.certificatePEM)
      let names = try #require(try certificate.extensions.subjectAlternativeNames)
      #expect(Array(names) == [name])
      #expect(certificate.notValidBefore == Date(timeIntervalSince1970: Double(now) - 86_400))
      let years = certificate.notValidAfter.timeIntervalSince1970 - Double(now)
      #expect(abs(years - 10 * 365.25 * 86_400) < 86_400)
      #expect(made.expiresAt == UInt64(certificate.notValidAfter.timeIntervalSince1970))
    }

    @Test(arguments: ["http://hub.example.org", "https://", "hub.example.org", ""])
    func `Without a host there is no certificate`(url: String) {
      #expect(throws: HubCertificateError.noHost(url: url)) {
        try HubCertificate.selfSigned(for: url, now: now)
      }
    }

    @Test func `The pin is the hash of the key info that the key itself states`() throws {
      let made = try HubCertificate.selfSigned(for: "https://hub.example.org", now: now)
      let key = try P256.Signing.PrivateKey(pemRepresentation: made.keyPEM)
      let expected = Hash256(of: Array(key.publicKey.derRepresentation))
      #expect(made.keyHash == expected)
      #expect(try HubCertificate.keyHash(certificatePEM: made.certificatePEM) == expected)
    }

    @Test func `A key that does not belong to the certificate is refused`() throws {
      let one = try HubCertificate.selfSigned(for: "https://hub.example.org", now: now)
      let other = try HubCertificate.selfSigned(for: "https://hub.example.org", now: now)
      #expect(
        throws: HubCertificateError.keyDoesNotFit(certificate: "the certificate", key: "the key")
      ) {
        try HubCertificate(certificatePEM: one.certificatePEM, keyPEM: other.keyPEM, now: now)
      }
    }

    @Test func `A certificate is refused before and after its time`() throws {
      let made = try HubCertificate.selfSigned(for: "https://hub.example.org", now: now)
      func load(at time: UInt64) throws {
        _ = try HubCertificate(
          certificatePEM: made.certificatePEM, keyPEM: made.keyPEM, now: time)
      }
      try load(at: now - 86_400)
      try load(at: made.expiresAt - 1)
      #expect { try load(at: made.expiresAt) } throws: { error in
        if case HubCertificateError.expired = error { true } else { false }
      }
      #expect { try load(at: now - 86_401) } throws: { error in
        if case HubCertificateError.notYetValid = error { true } else { false }
      }
    }

    @Test func `Files are read, and named where they cannot be used`() throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let made = try HubCertificate.selfSigned(for: "https://hub.example.org", now: now)
      let certificate = folder.appending(path: "hub.pem").path
      let key = folder.appending(path: "hub.key").path
      let text = folder.appending(path: "text").path
      try made.certificatePEM.write(toFile: certificate, atomically: true, encoding: .utf8)
      try made.keyPEM.write(toFile: key, atomically: true, encoding: .utf8)
      try "nothing of use".write(toFile: text, atomically: true, encoding: .utf8)
      #expect(
        try HubCertificate(certificateFile: certificate, keyFile: key, now: now).keyHash
          == made.keyHash)
      #expect(throws: HubCertificateError.notACertificate(name: text)) {
        try HubCertificate(certificateFile: text, keyFile: key, now: now)
      }
      #expect(throws: HubCertificateError.notACertificate(name: key)) {
        try HubCertificate(certificateFile: key, keyFile: key, now: now)
      }
      #expect(throws: HubCertificateError.notAKey(name: certificate)) {
        try HubCertificate(certificateFile: certificate, keyFile: certificate, now: now)
      }
      let missing = folder.appending(path: "missing").path
      #expect {
        try HubCertificate(certificateFile: missing, keyFile: key, now: now)
      } throws: { error in
        guard case HubCertificateError.unreadable(path: missing, _) = error else { return false }
        return true
      }
    }
  }
}
