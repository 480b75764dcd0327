// SPDX-License-Identifier: EUPL-1.2

import Crypto

/// Where a log ends: the last sequence and the hash of its header.
package struct LogHead: Hashable, Sendable {
  package let sequence: UInt64
  package let hash: Hash256

  package init(sequence: UInt64, hash: Hash256) {
    self.sequence = sequence
    self.hash = hash
  }
}

/// The hash chain of one log (I2).
///
///     header  = format version 1 (= 1) ‖ log id (`LogID.canonical`) ‖ sequence varint
///             ‖ previous hash 32 ‖ body (`EntryBody`) ‖ commitment 32 (if the body says so)
///     hash    = SHA-256(header)
///     first previous hash = SHA-256("kreisnetz log v1" ‖ 0 ‖ log id)
///     commitment          = SHA-256(block)
package struct LogChain: Sendable {
  package static let formatVersion: UInt8 = 1

  private let prefix: [UInt8]
  /// Where the next entry continues.
  package private(set) var head: LogHead

  /// The chain of `log`, continued after `head`, or from its beginning.
  package init(_ log: LogID, in realm: RealmID, after head: LogHead? = nil) {
    let canonical = log.canonical(in: realm)
    prefix = [Self.formatVersion] + canonical
    self.head =
      head
      ?? LogHead(
        sequence: 0,
        hash: Hash256(digest: SHA256.hash(data: Array("kreisnetz log v1\0".utf8) + canonical)))
  }

  /// The same log's chain, continued after `head`.
  package func continued(after head: LogHead) -> LogChain {
    var chain = self
    chain.head = head
    return chain
  }

  /// Appends an entry and returns its header's hash.
  package mutating func append(body: [UInt8], commitment: Hash256?) -> Hash256 {
    var header: [UInt8] = []
    header.reserveCapacity(prefix.count + body.count + 80)
    header.append(contentsOf: prefix)
    header.appendVarint(head.sequence + 1)
    head.hash.append(to: &header)
    header.append(contentsOf: body)
    commitment?.append(to: &header)
    let hash = Hash256(digest: SHA256.hash(data: header))
    head = LogHead(sequence: head.sequence + 1, hash: hash)
    return hash
  }
}

extension Hash256 {
  init(digest: SHA256.Digest) {
    guard let hash = digest.withUnsafeBytes({ Hash256($0) }) else {
      preconditionFailure("SHA-256 has 32 bytes")
    }
    self = hash
  }

  /// SHA-256 of `bytes`.
  package init(of bytes: [UInt8]) { self.init(digest: SHA256.hash(data: bytes)) }
}
