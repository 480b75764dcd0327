// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

extension Store {
  /// The hub's statement of the TLS keys by which it is reached.
  ///
  /// - Parameter now: seconds since 1970.
  /// - Throws: `StoreError.retryLater` for a hub that gathers and has no certified key.
  package func tlsNotice(
    naming keys: [Hash256], at now: UInt64
  ) throws(StoreError) -> WireSignedTLSNotice {
    let (replica, signer) = withCache {
      ($0.replica, Signer(identity: $0.replica.identity, key: $0.key))
    }
    let own = VerifyingKey(of: signer.key)
    let certificate = replica.control.lazy.compactMap { entry -> RootCertificate? in
      guard case .root(let certificate) = entry.control, certificate.key == own else { return nil }
      return certificate
    }.first
    guard let certificate else {
      throw .retryLater(
        "the hub cannot state its TLS keys before its next generation is opened")
    }
    do {
      return try TLSNotice(
        realm: signer.identity.realm, generation: certificate.generation, at: now, keys: keys
      ).signed(with: signer.key, certificate: certificate)
    } catch { throw .retryLater("the statement of the TLS keys cannot be made: \(error)") }
  }
}
