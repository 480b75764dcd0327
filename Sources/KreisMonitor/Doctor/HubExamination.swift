// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
package import KreisHub
import KreisInterchange
package import KreisService
package import KreisStore

/// What can be wrong with a hub's certificate. Its port is tested as towns reach it.
package enum HubExamination {
  /// Days before its end.
  private static let notice: UInt64 = 30

  /// - Parameter now: seconds since 1970.
  package static func findings(
    of directory: StateDirectory, _ settings: HubConfiguration, at now: UInt64
  ) -> [Finding] {
    let certificate: HubCertificate
    do throws(HubCertificateError) {
      certificate = try settings.certificate(in: directory, at: now)
    } catch {
      return [Finding(.fail, "certificate", error.description)]
    }
    let days = (certificate.expiresAt - now) / 86_400
    let end = "ends in " + counted(Int(days), "day", "days")
    var findings = [
      days < notice
        ? Finding(
          .warn, "certificate", "it \(end)",
          "Renew it; towns follow a renewed certificate by themselves.")
        : Finding(.ok, "certificate", "it belongs to its key and \(end)")
    ]
    if let identity = try? Store.identity(at: directory.database), let pin = identity.hubPin,
      pin != certificate.keyHash.bytes
    {
      findings.append(
        Finding(
          .fail, "pin", "the certificate has another key than the one that the invites pin",
          "Use the certificate that \"hub init\" made, or one with the same key."))
    }
    return findings
  }
}

extension HubConfiguration {
  /// The certificate that the hub serves: the one that is set, or else its own.
  ///
  /// - Parameter now: seconds since 1970.
  /// - Throws: `HubCertificateError`.
  package func certificate(
    in directory: StateDirectory, at now: UInt64
  ) throws(HubCertificateError) -> HubCertificate {
    try HubCertificate(
      certificateFile: tlsCertificate ?? "\(directory.path)/\(StateDirectory.certificate)",
      keyFile: tlsKey ?? "\(directory.path)/\(StateDirectory.certificateKey)", now: now)
  }
}
