// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The certificate that new connections see. It can be changed while connections are open: those go on.
package final class ServedCertificate: Sendable {
  private struct Served {
    let certificate: HubCertificate
    let handshake: NIOSSLContextConfigurationOverride
  }

  private let served: Mutex<Served>
  /// What the hub states about its keys; kept in step.
  private let named: NamedTLSKeys?

  /// - Throws: what the TLS library says against the certificate.
  init(_ certificate: HubCertificate, named: NamedTLSKeys?) throws {
    served = Mutex(Served(certificate: certificate, handshake: try certificate.handshake()))
    self.named = named
  }

  package var current: HubCertificate { served.withLock { $0.certificate } }

  /// Has new connections see `certificate`, and the hub name its key.
  ///
  /// - Parameter others: keys besides the certificate's by which the hub is reached.
  /// - Returns: whether it is another one than before.
  /// - Throws: what the TLS library says against the certificate; the one before stays.
  package func change(to certificate: HubCertificate, others: [Hash256]) throws -> Bool {
    let next = Served(certificate: certificate, handshake: try certificate.handshake())
    // Towns believe a connection only if the hub names its key, so that comes first.
    named?.name([certificate.keyHash] + others)
    return served.withLock { served in
      let isNew =
        served.certificate.certificatePEM != certificate.certificatePEM
        || served.certificate.keyPEM != certificate.keyPEM
      if isNew { served = next }
      return isNew
    }
  }

  /// TLS 1.3 and nothing older (BSI TR-02102-2), with what is current at each handshake.
  func tlsConfiguration() throws -> TLSConfiguration {
    let (chain, key) = try served.withLock { try $0.certificate.sources() }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain, privateKey: key)
    configuration.minimumTLSVersion = .tlsv13
    configuration.sslContextCallback = { [self] _, promise in
      promise.succeed(served.withLock { $0.handshake })
    }
    return configuration
  }
}

extension HubCertificate {
  fileprivate func sources() throws -> ([NIOSSLCertificateSource], NIOSSLPrivateKeySource) {
    (
      try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8)).map { .certificate($0) },
      .privateKey(try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem))
    )
  }

  fileprivate func handshake() throws -> NIOSSLContextConfigurationOverride {
    var handshake = NIOSSLContextConfigurationOverride()
    let (chain, key) = try sources()
    handshake.certificateChain = chain
    handshake.privateKey = key
    return handshake
  }
}

/// Looks at times whether the certificate's files were renewed, for whoever renews them does not always
/// tell the daemon.
package struct CertificateRenewal: Service {
  private let rest: Duration
  private let logger: Logger
  private let look: @Sendable () throws -> Bool

  /// - Parameters:
  ///   - rest: between two looks.
  ///   - look: reads the files and serves what is in them; returns whether that is new.
  package init(
    every rest: Duration = .seconds(3_600), logger: Logger,
    look: @escaping @Sendable () throws -> Bool
  ) {
    self.rest = rest
    self.logger = logger
    self.look = look
  }

  package func run() async throws {
    try? await cancelWhenGracefulShutdown {
      var known: String?
      while true {
        try await Task.sleep(for: rest)
        known = report(known)
      }
    }
  }

  /// - Parameter known: the trouble that was said before.
  /// - Returns: the trouble as it is now. Between the writing of its two files a certificate and its key
  ///   do not fit for a moment; what stays wrong is said once.
  private func report(_ known: String?) -> String? {
    do {
      if try look() { logger.notice("a renewed certificate is served") }
      return nil
    } catch {
      let trouble = "\(error)"
      if trouble != known {
        logger.warning(
          "the certificate's files cannot be used; the one read before is served on",
          metadata: ["reason": "\(trouble)"])
      }
      return trouble
    }
  }
}
