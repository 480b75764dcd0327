// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisStore
import SwiftProtobuf
import Synchronization

/// The TLS keys by which the hub says that it is reached, and the statement that it makes of them.
///
/// The statement changes only with the keys or the hub's generation, and is kept, so that the time in
/// it always rises: towns do not go back to an earlier one.
package final class NamedTLSKeys: Sendable {
  package var keys: [Hash256] { current.withLock { $0 } }
  private let current: Mutex<[Hash256]>
  private let kept: Mutex<WireSignedTLSNotice?>
  private let keep: @Sendable ([UInt8]) throws -> Void

  /// - Parameters:
  ///   - keys: that of the certificate, and others that lead to this hub.
  ///   - kept: the statement made last.
  ///   - keep: stores a new one before anybody sees it.
  package init(
    keys: [Hash256], kept: [UInt8]? = nil,
    keep: @escaping @Sendable ([UInt8]) throws -> Void = { _ in }
  ) {
    current = Mutex(Self.unique(keys))
    self.kept = Mutex(kept.flatMap { try? WireSignedTLSNotice(serializedBytes: $0) })
    self.keep = keep
  }

  /// Names these keys from now on: the certificate's and others that lead to this hub.
  func name(_ keys: [Hash256]) {
    current.withLock { $0 = Self.unique(keys) }
  }

  private static func unique(_ keys: [Hash256]) -> [Hash256] {
    keys.reduce(into: []) { unique, key in
      if !unique.contains(key) { unique.append(key) }
    }
  }

  /// The statement as of now.
  ///
  /// - Parameter now: seconds since 1970.
  /// - Throws: `StoreError.retryLater` for a hub that gathers and whose keys the root key did not
  ///   sign; what `keep` throws.
  package func notice(by store: Store, at now: UInt64) throws -> WireSignedTLSNotice {
    let (identity, keys) = (store.identity, keys)
    return try kept.withLock { kept in
      let last = kept.flatMap { try? TLSNotice(verifying: $0, in: identity.realm) }
      if let kept, let last {
        // Nothing better can be had from a hub that gathers after it was lost.
        if last.generation == 0, store.isGathering || last.keys == keys { return kept }
        if last.generation == identity.generation, last.keys == keys { return kept }
      }
      let notice = try store.tlsNotice(naming: keys, at: max(now, (last?.at ?? 0) + 1))
      try keep(notice.bytes())
      kept = notice
      return notice
    }
  }
}
