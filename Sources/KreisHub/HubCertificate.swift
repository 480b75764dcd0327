// SPDX-License-Identifier: EUPL-1.2

package import Crypto
import Foundation
package import KreisCore
import SwiftASN1
import X509

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The hub's TLS certificate and key, checked against each other.
package struct HubCertificate: Sendable {
  /// The certificate, followed by those that lead to its authority.
  package let certificatePEM: String
  package let keyPEM: String
  /// SHA-256 of the SubjectPublicKeyInfo (RFC 7469 §2.4): the pin of invites and statements.
  package let keyHash: Hash256
  /// When the certificate ends, seconds since 1970.
  package let expiresAt: UInt64

  private static let day: TimeInterval = 86_400

  /// Makes a self-signed P-256 certificate for the host of `url`, valid for ten years. Its start
  /// lies a day back, for clients whose clock is slow.
  ///
  /// - Parameters:
  ///   - url: The hub's address as towns use it, `https://HOST[:PORT]`.
  ///   - key: The certificate's key; a new one unless it is given.
  ///   - now: Seconds since 1970.
  /// - Throws: `HubCertificateError`.
  package static func selfSigned(
    for url: String, key: P256.Signing.PrivateKey = P256.Signing.PrivateKey(), now: UInt64
  ) throws(HubCertificateError) -> HubCertificate {
    guard let host = host(of: url) else { throw .noHost(url: url) }
    let today = Date(timeIntervalSince1970: TimeInterval(now))
    let certificatePEM: String
    do {
      let name = try DistinguishedName { CommonName("Kreisnetz hub") }
      let certificate = try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(),
        publicKey: .init(key.publicKey), notValidBefore: today - day,
        notValidAfter: today + 3_652 * day, issuer: name, subject: name,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage([.serverAuth])
          SubjectAlternativeNames([generalName(of: host)])
        }, issuerPrivateKey: .init(key))
      certificatePEM = try certificate.serializeAsPEM().pemString
    } catch { throw .cannotMake(reason: "\(error)") }
    return try HubCertificate(
      certificatePEM: certificatePEM, keyPEM: key.pemRepresentation, now: now)
  }

  /// Reads the files that an administrator configured.
  ///
  /// - Parameter now: Seconds since 1970.
  /// - Throws: `HubCertificateError`, naming the file.
  package init(
    certificateFile: String, keyFile: String, now: UInt64
  ) throws(HubCertificateError) {
    try self.init(
      certificatePEM: Self.read(certificateFile), keyPEM: Self.read(keyFile), now: now,
      certificateName: certificateFile, keyName: keyFile)
  }

  /// Checks that the texts are a certificate and its key.
  ///
  /// - Parameters:
  ///   - now: Seconds since 1970.
  ///   - certificateName: What messages call the certificate.
  ///   - keyName: What messages call the key.
  /// - Throws: `HubCertificateError`.
  package init(
    certificatePEM: String, keyPEM: String, now: UInt64,
    certificateName: String = "the certificate", keyName: String = "the key"
  ) throws(HubCertificateError) {
    let certificate = try Self.leaf(of: certificatePEM, name: certificateName)
    guard let document = try? PEMDocument.parseMultiple(pemString: keyPEM).last,
      let key = try? Certificate.PrivateKey(pemDocument: document)
    else { throw .notAKey(name: keyName) }
    guard key.publicKey == certificate.publicKey else {
      throw .keyDoesNotFit(certificate: certificateName, key: keyName)
    }
    let today = Date(timeIntervalSince1970: TimeInterval(now))
    guard today < certificate.notValidAfter else {
      throw .expired(name: certificateName, at: Self.text(certificate.notValidAfter))
    }
    guard today >= certificate.notValidBefore else {
      throw .notYetValid(name: certificateName, from: Self.text(certificate.notValidBefore))
    }
    self.certificatePEM = certificatePEM
    self.keyPEM = keyPEM
    keyHash = try Self.hash(of: certificate, name: certificateName)
    expiresAt = UInt64(max(0, certificate.notValidAfter.timeIntervalSince1970))
  }

  /// SHA-256 of the SubjectPublicKeyInfo of a certificate.
  ///
  /// - Throws: `HubCertificateError.notACertificate`.
  package static func keyHash(certificatePEM: String) throws(HubCertificateError) -> Hash256 {
    let name = "the certificate"
    return try hash(of: leaf(of: certificatePEM, name: name), name: name)
  }

  /// SHA-256 of the SubjectPublicKeyInfo of every certificate in a file.
  ///
  /// - Throws: `HubCertificateError`, naming the file.
  package static func keyHashes(inFile path: String) throws(HubCertificateError) -> [Hash256] {
    let documents = try? PEMDocument.parseMultiple(pemString: read(path))
    var hashes: [Hash256] = []
    for document in documents ?? [] {
      guard let certificate = try? Certificate(pemDocument: document) else {
        throw .notACertificate(name: path)
      }
      hashes.append(try hash(of: certificate, name: path))
    }
    guard !hashes.isEmpty else { throw .notACertificate(name: path) }
    return hashes
  }

  private static func leaf(of pem: String, name: String) throws(HubCertificateError) -> Certificate
  {
    guard let document = try? PEMDocument.parseMultiple(pemString: pem).first,
      let certificate = try? Certificate(pemDocument: document)
    else { throw .notACertificate(name: name) }
    return certificate
  }

  private static func hash(
    of certificate: Certificate, name: String
  ) throws(HubCertificateError) -> Hash256 {
    guard let info = try? certificate.publicKey.serializeAsPEM().derBytes else {
      throw .notACertificate(name: name)
    }
    return Hash256(of: info)
  }

  private static func read(_ path: String) throws(HubCertificateError) -> String {
    do {
      return try String(contentsOf: URL(filePath: path), encoding: .utf8)
    } catch { throw .unreadable(path: path, reason: error.localizedDescription) }
  }

  private static func text(_ date: Date) -> String { date.formatted(.iso8601) }

  private static func host(of url: String) -> String? {
    guard url.hasPrefix("https://"), let parts = URLComponents(string: url), let host = parts.host,
      !host.isEmpty
    else { return nil }
    return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
  }

  private static func generalName(of host: String) -> GeneralName {
    var four = in_addr()
    if inet_pton(AF_INET, host, &four) == 1 {
      return .ipAddress(
        ASN1OctetString(contentBytes: withUnsafeBytes(of: four) { [UInt8]($0)[...] }))
    }
    var six = in6_addr()
    if inet_pton(AF_INET6, host, &six) == 1 {
      return .ipAddress(
        ASN1OctetString(contentBytes: withUnsafeBytes(of: six) { [UInt8]($0)[...] }))
    }
    return .dnsName(host)
  }
}

/// Why the hub cannot serve with a certificate.
package enum HubCertificateError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case notACertificate(name: String)
  case notAKey(name: String)
  case keyDoesNotFit(certificate: String, key: String)
  case expired(name: String, at: String)
  case notYetValid(name: String, from: String)
  case noHost(url: String)
  case cannotMake(reason: String)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "\(path) cannot be read: \(reason) Check the path and that the hub's user may read it."
    case .notACertificate(let name):
      "\(name) holds no certificate. It must be PEM text, the hub's own certificate first."
    case .notAKey(let name):
      "\(name) holds no private key that can be used. It must be PEM text, unencrypted."
    case .keyDoesNotFit(let certificate, let key):
      "The private key in \(key) does not belong to the first certificate in \(certificate)."
    case .expired(let name, let at):
      "The certificate in \(name) expired at \(at). Renew it; nobody could connect."
    case .notYetValid(let name, let from):
      "The certificate in \(name) is valid only from \(from). Check this machine's clock."
    case .noHost(let url):
      "The hub's address \"\(url)\" is not of the form https://host or https://host:port."
    case .cannotMake(let reason):
      "No certificate could be made: \(reason)"
    }
  }
}
