// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisHub
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
      certificate = try HubCertificate(
        certificateFile: settings.tlsCertificate
          ?? "\(directory.path)/\(StateDirectory.certificate)",
        keyFile: settings.tlsKey ?? "\(directory.path)/\(StateDirectory.certificateKey)", now: now)
    } catch {
      return [Finding(.fail, "certificate", error.description)]
    }
    let days = (certificate.expiresAt - now) / 86_400
    var findings = [
      days < notice
        ? Finding(
          .warn, "certificate", "it ends in \(days) days",
          "Renew it; towns follow a renewed certificate by themselves.")
        : Finding(.ok, "certificate", "it belongs to its key and ends in \(days) days")
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
